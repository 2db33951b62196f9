import type { X509Certificate } from 'node:crypto'
import * as z from 'zod'
import {
  trustedCertificates,
  withTrust,
  type OpenTransport,
  type TransportContent,
} from '../elastic/transport-files.ts'
import type { AuthorityInHand } from '../elastic/transport-plan.ts'
import { TaskError } from '../errors.ts'
import { dayText, isAmong, serialNumber, subjectText } from '../pki/certificate-fields.ts'
import { isFrom } from '../pki/reissue-reason.ts'
import { Secret } from '../secrets/secret.ts'
import { choice } from './argument-types.ts'
import { defineModule, type Change } from './module.ts'
import { transportArguments } from './transport-arguments.ts'
import { lookToChange, noAuthority } from './transport-look.ts'

const args = z.strictObject({
  ...transportArguments,
  state: choice('present', 'only')
    .default('present')
    .describe('`present`: the CA in hand is trusted beside those that are. `only`: no other one is trusted any more'),
})

type Args = z.output<typeof args>

interface State {
  readonly path: string
  readonly before: readonly X509Certificate[]
  readonly wanted: readonly X509Certificate[]
  /** Undefined: nothing to change. */
  readonly file: TransportContent | undefined
}

export const transportTrust = defineModule<Args, State>({
  name: 'transport_trust',
  aliases: ['elkseal.elastic.transport_trust'],
  summary:
    'Sets which CAs a node trusts on its transport, in its truststore or PEM file. Path and password stay, so that the running node reads it by itself.',
  examples: `
- name: The node trusts the new CA beside the one that there is
  transport_trust:
    state: present
`,
  args,
  makesAtRandom: true,
  async inspect(look, given) {
    const whereClosed = 'What the node trusts cannot be changed while it runs'
    const { files, authority } = await lookToChange(look, given, whereClosed)
    if (authority === undefined) throw noAuthority()
    const before = trustedCertificates(files)
    const wanted = wantedTrust(given.state, files, authority)
    const isSame = before.length === wanted.length && wanted.every((one) => isAmong(one, before))
    const path = files.trust.kind === 'key store' ? files.key.path : files.trust.path
    return { path, before, wanted, file: isSame ? undefined : withTrust(files, wanted) }
  },
  decide({ path, before, wanted, file }) {
    const result = { path, trusted: wanted.map(lineOf) }
    if (file === undefined) return { kind: 'keep', reason: `trusts ${wanted.map(subjectText).join('; ')}`, result }
    const change: Change = {
      summary: `${path}: ${differenceText(before, wanted)}`,
      diff: { before: textOf(before), after: textOf(wanted), beforeHeader: path, afterHeader: path },
      effects: [{ kind: 'write-file', path, content: new Secret(file.content) }],
    }
    return { kind: 'change', change, result }
  },
})

function wantedTrust(
  state: Args['state'],
  files: OpenTransport,
  { certificate, chain }: AuthorityInHand,
): readonly X509Certificate[] {
  const own = [certificate, ...chain]
  if (state === 'present') {
    const found = trustedCertificates(files)
    return [...found, ...own.filter((one) => !isAmong(one, found))]
  }
  if (!isFrom(files.key.certificate, certificate)) {
    throw new TaskError(`The node's own certificate is not from "${subjectText(certificate)}" yet`, {
      hint: 'Run transport_certificate on every node before',
    })
  }
  return own
}

function differenceText(before: readonly X509Certificate[], after: readonly X509Certificate[]): string {
  const added = after.filter((one) => !isAmong(one, before)).map((one) => `trusts ${subjectText(one)} too`)
  const dropped = before.filter((one) => !isAmong(one, after)).map((one) => `trusts ${subjectText(one)} no more`)
  return [...added, ...dropped].join(', ')
}

function textOf(certificates: readonly X509Certificate[]): string {
  return certificates.map((one) => `${subjectText(one)} until ${dayText(one.validToDate)}\n`).join('')
}

/** Two CAs may have one name. */
function lineOf(one: X509Certificate): string {
  return `${subjectText(one)} until ${dayText(one.validToDate)}, ${serialNumber(one)}`
}
