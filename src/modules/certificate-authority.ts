import * as z from 'zod'
import { throwProblems } from '../errors.ts'
import { lifetimeWarning } from '../pki/authority.ts'
import { dayText, fingerprint, subjectText } from '../pki/certificate-fields.ts'
import { issueAuthority, type Authority } from '../pki/issue.ts'
import { certificatesToPem, keyToPem } from '../pki/pem.ts'
import { Secret } from '../secrets/secret.ts'
import { authorityPaths, storeNameProblem, type AuthorityPaths } from '../pki/store.ts'
import { filledText, int, path } from './argument-types.ts'
import type { Effect } from './effect.ts'
import { defineModule, type Change, type Context } from './module.ts'
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
  readonly authority: Authority
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
    if (own !== undefined) return { authority: own, origin: 'own', storedPem, folder }
    if (storedPem === undefined && key === undefined) {
      const request = { commonName: given.common_name, days: given.days, keyBits: given.key_bits }
      const authority = await issueAuthority({ ...request, now: look.clock.now() })
      return { authority, origin: 'made', storedPem, folder }
    }
    return { authority: await storedAuthority(look, paths), origin: 'stored', storedPem, folder }
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

function changed(state: State, paths: AuthorityPaths, pem: string, context: Context): Change {
  const { authority, origin, storedPem } = state
  const name = `CA "${subjectText(authority.certificate)}", valid until ${dayText(authority.certificate.validToDate)}`
  const certificate = publicFile(paths.certificate, pem)
  if (origin !== 'made') {
    const summary = storedPem === undefined ? `take ${name}` : `take ${name}, in place of another CA`
    return { summary, effects: [...state.folder, certificate] }
  }
  const key = vaultedFile(paths.key, context.vault.encrypt(new Secret(keyToPem(authority.key))))
  // The key first: without its certificate it is noticed, a certificate without its key is of no use.
  return { summary: `make ${name}`, effects: [...state.folder, key, certificate] }
}
