import { X509Certificate } from 'node:crypto'
import * as z from 'zod'
import { TaskError, throwProblems } from '../errors.ts'
import { dayText, serialNumber, subjectText } from '../pki/certificate-fields.ts'
import { certificatesFromPem } from '../pki/pem.ts'
import { authorityPaths, formerAuthorityPath, nextAuthority, storeNameProblem } from '../pki/store.ts'
import { filledText, path } from './argument-types.ts'
import type { Effect } from './effect.ts'
import { defineModule, type Look } from './module.ts'
import { publicFile, storedFile, vaultedFile } from './pki-files.ts'

const args = z.strictObject({
  dir: path().describe('Folder of the PKI store on the controller'),
  name: filledText().default('http-ca').describe('Name of the CA in the store; the next one is NAME-next'),
})

interface StoredPair {
  readonly pem: string | undefined
  readonly certificate: X509Certificate | undefined
  /** As it lies there: a vault envelope. */
  readonly key: Buffer | undefined
}

interface State {
  readonly current: StoredPair
  readonly next: StoredPair
}

export const promotedAuthority = defineModule({
  name: 'promoted_authority',
  aliases: ['elkseal.elastic.promoted_authority'],
  summary:
    'Ends the rotation of a CA in the PKI store: the next CA takes the place of the current one, whose certificate is kept under its serial number.',
  examples: `
- name: The next CA is the CA from now on
  promoted_authority:
    dir: "{{ pki_dir }}"
`,
  args,
  on: 'controller',
  async inspect(look, { dir, name }): Promise<State> {
    const problem = storeNameProblem(name)
    throwProblems(problem === undefined ? [] : [problem])
    const [current, next] = await Promise.all([storedPair(look, dir, name), storedPair(look, dir, nextAuthority(name))])
    return { current, next }
  },
  decide({ current, next }, { dir, name }) {
    if (next.certificate === undefined || next.pem === undefined) {
      if (current.certificate === undefined) throw new TaskError(`There is no CA "${name}" in "${dir}"`)
      return { kind: 'keep', reason: `CA "${subjectText(current.certificate)}" is the only one` }
    }
    const { certificate } = next
    const text = `CA "${subjectText(certificate)}", valid until ${dayText(certificate.validToDate)}`
    const effects = [...takeover(current, { ...next, pem: next.pem }, { dir, name }), ...clearing(next, { dir, name })]
    return { kind: 'change', change: { summary: `${text}, takes the place of the one before`, effects } }
  },
})

interface Place {
  readonly dir: string
  readonly name: string
}

/**
 * Cut off anywhere, it is carried on: the next CA stays where it is until its key and then its certificate are in the
 * place of the old ones. A CA of the user's own has no key here, and then none may stay.
 */
function takeover(current: StoredPair, next: StoredPair & { readonly pem: string }, place: Place): readonly Effect[] {
  const to = authorityPaths(place.dir, place.name)
  const isNew = next.key !== undefined && current.key?.equals(next.key) !== true
  const key = isNew && next.key !== undefined ? [vaultedFile(to.key, next.key.toString())] : []
  if (current.pem === next.pem) return key
  const gone: readonly Effect[] =
    next.key === undefined && current.key !== undefined ? [{ kind: 'remove-path', path: to.key }] : []
  return [...formerCertificate(current, place), ...key, ...gone, publicFile(to.certificate, next.pem)]
}

function formerCertificate({ certificate, pem }: StoredPair, { dir, name }: Place): readonly Effect[] {
  if (certificate === undefined || pem === undefined) return []
  return [publicFile(formerAuthorityPath(dir, name, serialNumber(certificate)), pem)]
}

/** The certificate last: as long as it is there, the rest is not forgotten. */
function clearing({ key }: StoredPair, { dir, name }: Place): readonly Effect[] {
  const from = authorityPaths(dir, nextAuthority(name))
  const paths = key === undefined ? [from.certificate] : [from.key, from.certificate]
  return paths.map((path) => ({ kind: 'remove-path', path }))
}

async function storedPair(look: Look, dir: string, name: string): Promise<StoredPair> {
  const paths = authorityPaths(dir, name)
  const [pem, key] = await Promise.all([storedFile(look, paths.certificate), storedFile(look, paths.key)])
  const [certificate] = pem === undefined ? [] : certificatesFromPem(pem.toString(), paths.certificate)
  return { pem: pem?.toString(), certificate, key }
}
