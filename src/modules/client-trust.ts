import type { X509Certificate } from 'node:crypto'
import * as z from 'zod'
import { TaskError } from '../errors.ts'
import { fileAt } from '../facts/file.ts'
import { serviceFreshness } from '../facts/service-freshness.ts'
import { subjectText } from '../pki/certificate-fields.ts'
import { certificatesFromPem } from '../pki/pem.ts'
import { PkiError } from '../pki/pki-error.ts'
import type { Obstacle, Origin } from '../elastic/trust-phase.ts'
import { readSettings } from '../yaml-settings/read-settings.ts'
import { filledText, path } from './argument-types.ts'
import { formerAuthorities, storedAuthorities, type StoredAuthorities } from './issuing-authority.ts'
import { defineModule, type Look } from './module.ts'

const args = z.strictObject({
  dir: path().describe('Folder of the PKI store on the controller'),
  ca: filledText().default('http-ca').describe('Name of the CA in the store'),
  client: filledText().describe('What the client is, in words: Kibana'),
  service: filledText().describe('Its systemd unit'),
  path: path().describe('The file on the host with the CAs that it trusts'),
  settings: path().describe('Its settings file, which names that file'),
  setting: filledText().describe('The setting with which it does'),
})

type Args = z.output<typeof args>

interface State {
  /** Undefined: there is no such file. */
  readonly trusted: readonly X509Certificate[] | undefined
  readonly authorities: StoredAuthorities
  readonly former: readonly X509Certificate[]
  readonly isNamed: boolean
  readonly isRunning: boolean
  readonly isRead: boolean
}

export const clientTrust = defineModule<Args, State>({
  name: 'client_trust',
  aliases: ['elkseal.elastic.client_trust'],
  summary:
    'Looks which CAs a client of Elasticsearch trusts, and whether it was started since its file was written, for it reads the file only then. Changes nothing.',
  examples: `
- name: What Kibana trusts
  client_trust:
    dir: "{{ pki_dir }}"
    client: Kibana
    service: kibana
    path: /etc/kibana/elasticsearch-ca.pem
    settings: /etc/kibana/kibana.yml
    setting: elasticsearch.ssl.certificateAuthorities
  register: kibana_trust
`,
  args,
  async inspect(look, given) {
    const [trusted, authorities, former, isNamed, service] = await Promise.all([
      trustedBy(look, given.path),
      storedAuthorities(look, given.dir, given.ca),
      formerAuthorities(look, given.dir, given.ca),
      isNamedIn(look, given),
      look.host.ask(serviceFreshness(given.service, [given.path])),
    ])
    // Where no CA was ever rotated, it does not matter which of its files a client has read.
    const isRead = service.newer.length === 0 || (authorities.next === undefined && former.length === 0)
    return { trusted, authorities, former, isNamed, isRunning: service.active, isRead }
  },
  decide(state, given, { host }) {
    const name = `${given.client} on ${host}`
    const { trusted = [], isRead } = state
    const trusts = trusted.map((certificate) => originOf(certificate, state))
    const obstacle = obstacleOf(state, given, name)
    const subjects = trusted.map(subjectText)
    const said = isRead ? `trusts ${subjects.join('; ')}` : `would trust ${subjects.join('; ')} once it is restarted`
    const result = { name, trusts, subjects, is_read: isRead, obstacle }
    return { kind: 'keep', reason: obstacle?.text ?? said, result }
  },
})

function obstacleOf({ trusted, isNamed, isRunning }: State, given: Args, name: string): Obstacle | undefined {
  if (trusted === undefined || !isNamed) {
    const problem =
      trusted === undefined ? `has no "${given.path}"` : `does not name "${given.path}" in ${given.setting}`
    return { text: `${name} ${problem}`, hint: 'Run playbooks/secure-http.yml first' }
  }
  return isRunning ? undefined : { text: `${name} does not run`, hint: `Start ${given.service}, then go on` }
}

async function trustedBy({ host }: Look, file: string): Promise<readonly X509Certificate[] | undefined> {
  const found = await host.ask(fileAt(file, { content: true }))
  if (found.kind !== 'file') return undefined
  if (found.content === undefined) throw new TaskError(`Cannot read "${file}"`, { hint: 'Use become: true' })
  try {
    return certificatesFromPem(found.content.toString('latin1'), file)
  } catch (thrown) {
    if (thrown instanceof PkiError) return []
    throw thrown
  }
}

async function isNamedIn({ host }: Look, { settings, setting, path: file }: Args): Promise<boolean> {
  const found = await host.ask(fileAt(settings, { content: true }))
  if (found.kind !== 'file' || found.content === undefined) return false
  const value = readSettings(found.content.toString(), settings).settings.get(setting)?.value
  return (Array.isArray(value) ? value : [value]).includes(file)
}

/** Of a CA itself: whether it is one of the store's. */
function originOf(certificate: X509Certificate, { authorities, former }: State): Origin {
  const isSame = (one: X509Certificate | undefined) => one?.raw.equals(certificate.raw) === true
  if (isSame(authorities.current?.certificate)) return 'current'
  if (isSame(authorities.next?.certificate)) return 'next'
  return former.some(isSame) ? 'former' : 'other'
}
