import type { KeyObject } from 'node:crypto'
import * as z from 'zod'
import { TaskError, throwProblems } from '../errors.ts'
import { lifetimeWarning } from '../pki/authority.ts'
import { dayText, fingerprint, subjectText } from '../pki/certificate-fields.ts'
import { issueAuthority, type Authority } from '../pki/issue.ts'
import { certificatesFromPem, certificatesToPem, keyToPem } from '../pki/pem.ts'
import { Secret } from '../secrets/secret.ts'
import { authorityPaths, isNextAuthority, storeNameProblem, type AuthorityPaths } from '../pki/store.ts'
import { filledText, int, path } from './argument-types.ts'
import type { Effect } from './effect.ts'
import { storedAuthorities } from './issuing-authority.ts'
import { defineModule, type Change, type Context, type Look } from './module.ts'
import {
  folderEffects,
  ownAuthority,
  ownAuthorityArguments,
  publicFile,
  storedAuthority,
  storedFile,
  vaultedFile,
} from './pki-files.ts'

const args = z.strictObject({
  dir: path().describe('Folder of the PKI store on the controller'),
  name: filledText().default('http-ca').describe('Name of the CA in the store: ca/NAME.crt and ca/NAME.key'),
  common_name: filledText().default('Elasticsearch HTTP CA').describe('Common name of a CA that is made here'),
  days: int().default(1825).describe('How many days a CA that is made here is valid'),
  key_bits: int().default(2048).describe('Length of the RSA key of a CA that is made here; 2048 or more'),
  certificate_days: int()
    .default(365)
    .describe('How many days its certificates are to be valid; told when the CA ends before'),
  ...ownAuthorityArguments,
})

type Args = z.output<typeof args>

interface State {
  readonly authority: Pick<Authority, 'certificate' | 'chain'>
  /** Of a CA that is made here. */
  readonly key: KeyObject | undefined
  readonly origin: 'stored' | 'made' | 'own'
  /** PEM in the store now. */
  readonly storedPem: string | undefined
  readonly folder: readonly Effect[]
}

export const certificateAuthority = defineModule<Args, State>({
  name: 'certificate_authority',
  aliases: [],
  summary: 'Makes the CA of the HTTP certificates, or takes your own, and keeps it in the PKI store',
  examples: `
- name: The CA of the HTTP certificates
  certificate_authority:
    dir: "{{ pki_dir }}"
    days: "{{ http_ca_days }}"
  register: http_ca

- name: A CA of one's own
  certificate_authority:
    dir: "{{ pki_dir }}"
    own_ca_path: elastic-stack-ca.p12
    own_ca_password: "{{ http_ca_password }}"
`,
  args,
  on: 'controller',
  async inspect(look, given) {
    const problem = storeNameProblem(given.name)
    throwProblems(problem === undefined ? [] : [problem])
    const paths = authorityPaths(given.dir, given.name)
    const [pem, key, folder, own] = await Promise.all([
      storedFile(look, paths.certificate),
      storedFile(look, paths.key),
      folderEffects(look, paths.certificate),
      ownAuthority(look, given),
    ])
    const storedPem = pem?.toString()
    const common = { storedPem, folder, key: undefined }
    if (own !== undefined) return { ...common, ...(await ownOrStored(look, given, own, storedPem)) }
    // The key alone of a CA to come: its making was cut off, and nobody has seen a certificate of it.
    if (storedPem === undefined && (key === undefined || isNextAuthority(given.name))) {
      const request = { commonName: given.common_name, days: given.days, keyBits: given.key_bits }
      const authority = await issueAuthority({ ...request, now: look.clock.now() })
      return { ...common, authority, key: authority.key, origin: 'made' }
    }
    return { ...common, authority: await storedAuthority(look, paths), origin: 'stored' }
  },
  decide(state, given, context) {
    const paths = authorityPaths(given.dir, given.name)
    const { authority } = state
    const warning = lifetimeWarning(authority.certificate, given.certificate_days, context.now)
    const result = {
      ca_pem: paths.certificate,
      subject: subjectText(authority.certificate),
      not_after: authority.certificate.validToDate.toISOString(),
      fingerprint: fingerprint(authority.certificate),
      ...(warning === undefined ? {} : { warnings: [warning] }),
    }
    const pem = certificatesToPem([authority.certificate, ...authority.chain])
    if (state.origin === 'stored' || (state.origin === 'own' && state.storedPem === pem)) {
      const reason = `CA "${result.subject}" is valid until ${dayText(authority.certificate.validToDate)}`
      return { kind: 'keep', reason: warning === undefined ? reason : `${reason}; ${warning}`, result }
    }
    return { kind: 'change', change: changed(state, paths, pem, context), result }
  },
})

/** Another CA than the store's is not taken just so: whoever trusts that one would be cut off. */
async function ownOrStored(
  look: Look,
  { dir, name }: Args,
  own: Authority,
  storedPem: string | undefined,
): Promise<Pick<State, 'authority' | 'origin'>> {
  const { certificate: path } = authorityPaths(dir, name)
  const [stored, ...chain] = storedPem === undefined ? [] : certificatesFromPem(storedPem, path)
  if (stored === undefined || stored.raw.equals(own.certificate.raw)) return { authority: own, origin: 'own' }
  const { next } = await storedAuthorities(look, dir, name)
  if (next?.certificate.raw.equals(own.certificate.raw) === true) {
    return { authority: { certificate: stored, chain }, origin: 'stored' }
  }
  throw new TaskError(
    `The CA given, "${subjectText(own.certificate)}", is not the one of the store, "${subjectText(stored)}"`,
    {
      hint: `Clients trust that one: run playbooks/rotate-ca.yml, which changes to the new one. If nothing is secured with it yet, move "${path}" away`,
    },
  )
}

function changed(state: State, paths: AuthorityPaths, pem: string, context: Context): Change {
  const { authority, key: made, storedPem } = state
  const name = `CA "${subjectText(authority.certificate)}", valid until ${dayText(authority.certificate.validToDate)}`
  const certificate = publicFile(paths.certificate, pem)
  if (made === undefined) {
    const summary = storedPem === undefined ? `take ${name}` : `take ${name}, with other issuers`
    return { summary, effects: [...state.folder, certificate] }
  }
  const key = vaultedFile(paths.key, context.vault.encrypt(new Secret(keyToPem(made))))
  // The key first: without its certificate it is noticed, a certificate without its key is of no use.
  return { summary: `make ${name}`, effects: [...state.folder, key, certificate] }
}
