import { X509Certificate } from 'node:crypto'
import * as z from 'zod'
import { TaskError, throwProblems } from '../errors.ts'
import { sanPlan } from '../elastic/san-plan.ts'
import { checkAuthorityCertificate, lifetimeWarning } from '../pki/authority.ts'
import { certificateNames, dayText, fingerprint, serialNumber, subjectText } from '../pki/certificate-fields.ts'
import type { CertificateNames } from '../pki/certificate-name.ts'
import { issueLeaf, type Usage } from '../pki/issue.ts'
import { certificatesFromPem } from '../pki/pem.ts'
import { certificateOf, readPkcs12, writePkcs12 } from '../pki/pkcs12.ts'
import { PkiError } from '../pki/pki-error.ts'
import { keepReason, reissueReason, type ReissueReason } from '../pki/reissue-reason.ts'
import { authorityPaths, leafPaths, storeNameProblem, type LeafPaths } from '../pki/store.ts'
import { Secret } from '../secrets/secret.ts'
import { bool, filledText, int, path, secret, textList } from './argument-types.ts'
import type { Effect } from './effect.ts'
import { defineModule, type Change, type Context, type Look, type Values } from './module.ts'
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
  ca: filledText().default('http-ca').describe('Name of the CA in the store, as certificate_authority wrote it'),
  node: filledText().describe('Folder of the node in the store: NODE/FILE.crt and NODE/FILE.p12'),
  file: filledText().default('http').describe('Name of the two files, without ending'),
  common_name: filledText().optional().describe('Common name of the subject. Default: the node'),
  known_as: textList()
    .default([])
    .describe('Names and addresses by which the node is known; those that are neither are left out'),
  names: textList().default([]).describe('Host names that clients use; each must be one'),
  addresses: textList().default([]).describe('IP addresses that clients use; each must be one'),
  localhost: bool().default(true).describe('Whether localhost, 127.0.0.1 and ::1 are names of it too'),
  days: int().default(365).describe('How many days a new certificate is valid, at most as long as its CA'),
  key_bits: int().default(2048).describe('Length of a new RSA key; 2048 or more'),
  usages: textList().default(['server']).describe('What it is for: server, client or both'),
  p12_password: secret().describe('Password of the PKCS#12 store'),
  alias: filledText().default('http').describe('Name of the entry in the PKCS#12 store'),
  renew_before_days: int()
    .optional()
    .describe('Days before its end when a certificate is renewed. Default: when a third of its lifetime is left'),
  force: bool().default(false).describe('Issue a new certificate without any other reason'),
  ...ownAuthorityArguments,
})

type Args = z.output<typeof args>

interface State {
  readonly certificate: X509Certificate
  readonly authority: X509Certificate
  readonly before: X509Certificate | undefined
  /** Undefined: the certificate stays. */
  readonly issued:
    { readonly reason: ReissueReason; readonly store: Buffer; readonly folder: readonly Effect[] } | undefined
}

export const certificate = defineModule<Args, State>({
  name: 'certificate',
  aliases: [],
  summary: 'Issues the certificate of a node into the PKI store, or keeps it while there is no reason for a new one',
  examples: `
- name: The HTTP certificate of the node
  certificate:
    dir: "{{ pki_dir }}"
    node: "{{ inventory_hostname }}"
    known_as: ["{{ inventory_hostname }}", "{{ ansible_host }}"]
    names: "{{ http_names }}"
    addresses: "{{ http_addresses }}"
    days: "{{ http_certificate_days }}"
    p12_password: "{{ http_p12_password }}"
  register: http_certificate
`,
  args,
  on: 'controller',
  async inspect(look, given) {
    const names = checkedNames(given)
    const paths = leafPaths(given.dir, given.node, given.file)
    const [stored, authority] = await Promise.all([
      storedLeaf(look, paths, given),
      authorityCertificate(look, given.dir, given.ca),
    ])
    const usages = checkedUsages(given.usages)
    const question = {
      ...stored,
      authority,
      names,
      usages,
      renewBeforeDays: given.renew_before_days,
      force: given.force,
    }
    const reason = reissueReason(question, look.clock.now())
    if (reason === undefined && stored.certificate !== undefined) {
      return { certificate: stored.certificate, authority, before: stored.certificate, issued: undefined }
    }
    const { leaf, store } = await issue(look, given, names, authority)
    const folder = await folderEffects(look, paths.store)
    const issued = { reason: reason ?? { kind: 'missing', text: 'missing' }, store, folder } as const
    return { certificate: leaf, authority, before: stored.certificate, issued }
  },
  decide(state, given, context) {
    const paths = leafPaths(given.dir, given.node, given.file)
    const { issued } = state
    if (issued === undefined) {
      const reason = keepReason(state.certificate, state.authority, given.renew_before_days)
      return { kind: 'keep', reason, result: resultOf(state, paths, reason) }
    }
    const warning = lifetimeWarning(state.authority, given.days, context.now)
    const result = {
      ...resultOf(state, paths, issued.reason.text),
      ...(warning === undefined ? {} : { warnings: [warning] }),
    }
    return { kind: 'change', change: changed({ ...state, issued }, paths, context), result }
  },
})

interface StoredLeaf {
  readonly certificate: X509Certificate | undefined
  readonly unreadable?: string | undefined
  readonly keyMatches: boolean
}

/** What the store holds of a node, as the question for `reissueReason` has it. */
export async function storedLeaf(
  look: Look,
  paths: LeafPaths,
  given: Pick<Args, 'file' | 'p12_password'>,
): Promise<StoredLeaf> {
  const [pem, envelope] = await Promise.all([storedFile(look, paths.certificate), storedFile(look, paths.store)])
  if (pem === undefined || envelope === undefined) return { certificate: undefined, keyMatches: false }
  const store = look.vault.isEncrypted(envelope) ? look.vault.decrypt(envelope, paths.store).revealBytes() : envelope
  const found = readable(() => certificatesFromPem(pem.toString(), `${given.file}.crt`)[0])
  if (found.unreadable !== undefined || found.value === undefined) {
    const unreadable = found.unreadable ?? `no certificate in ${given.file}.crt`
    return { certificate: undefined, unreadable, keyMatches: false }
  }
  const certificate = found.value
  const own = readable(() => {
    const opened = readPkcs12(store, given.p12_password)
    const [key] = opened.keys
    return key === undefined ? undefined : certificateOf(opened, key)
  })
  const unreadable = own.unreadable === undefined ? undefined : `${given.file}.p12: ${own.unreadable}`
  return { certificate, unreadable, keyMatches: own.value?.raw.equals(certificate.raw) === true }
}

/** What cannot be read in the store is issued anew; all other errors are errors. */
function readable<T>(read: () => T): { readonly value?: T; readonly unreadable?: string } {
  try {
    return { value: read() }
  } catch (thrown) {
    if (!(thrown instanceof PkiError)) throw thrown
    return { unreadable: thrown.message }
  }
}

/** From the store alone: as long as nothing has to be issued, nobody needs the CA's key or its password. */
async function authorityCertificate(look: Look, dir: string, name: string): Promise<X509Certificate> {
  const { certificate: path } = authorityPaths(dir, name)
  const pem = await storedFile(look, path)
  const [found] = pem === undefined ? [] : certificatesFromPem(pem.toString(), path)
  if (found === undefined) {
    throw new TaskError(`There is no CA "${path}"`, { hint: 'Run certificate_authority before certificate' })
  }
  checkAuthorityCertificate(found, path, look.clock.now())
  return found
}

async function issue(
  look: Look,
  given: Args,
  names: CertificateNames,
  stated: X509Certificate,
): Promise<{ readonly leaf: X509Certificate; readonly store: Buffer }> {
  assertJavaReads(given.p12_password)
  const paths = authorityPaths(given.dir, given.ca)
  const authority = (await ownAuthority(look, given)) ?? (await storedAuthority(look, paths))
  if (!authority.certificate.raw.equals(stated.raw)) {
    throw new TaskError(`The CA given is not the one in "${paths.certificate}"`, {
      hint: 'Run certificate_authority with the same CA before certificate',
    })
  }
  const leaf = await issueLeaf(
    {
      commonName: given.common_name ?? given.node,
      names,
      days: given.days,
      keyBits: given.key_bits,
      usages: checkedUsages(given.usages),
      now: look.clock.now(),
    },
    authority,
  )
  const chain = [authority.certificate, ...authority.chain]
  return { leaf: leaf.certificate, store: writePkcs12({ alias: given.alias, ...leaf, chain }, given.p12_password) }
}

function changed(
  state: State & { readonly issued: NonNullable<State['issued']> },
  paths: LeafPaths,
  context: Context,
): Change {
  const { certificate: leaf, before, issued } = state
  return {
    summary: `issue a certificate (${issued.reason.text}), valid until ${dayText(leaf.validToDate)}`,
    diff: {
      before: before === undefined ? '' : description(before),
      after: description(leaf),
      beforeHeader: paths.certificate,
      afterHeader: paths.certificate,
    },
    effects: [
      ...issued.folder,
      vaultedFile(paths.store, context.vault.encrypt(new Secret(issued.store))),
      publicFile(paths.certificate, leaf.toString()),
    ],
  }
}

/** Without serial number and key: those of a check would not be those of the run. */
function description(leaf: X509Certificate): string {
  const { dns, addresses } = certificateNames(leaf)
  const lines = [
    `subject: ${subjectText(leaf)}`,
    `issuer: ${leaf.issuer.split('\n').join(', ')}`,
    ...dns.map((name) => `name: ${name}`),
    ...addresses.map((address) => `address: ${address}`),
    `valid until: ${dayText(leaf.validToDate)}`,
  ]
  return lines.map((line) => `${line}\n`).join('')
}

function resultOf(state: State, paths: LeafPaths, reason: string): Values {
  const { dns, addresses } = certificateNames(state.certificate)
  return {
    serial: serialNumber(state.certificate),
    fingerprint: fingerprint(state.certificate),
    not_after: state.certificate.validToDate.toISOString(),
    names: dns,
    addresses,
    p12: paths.store,
    crt: paths.certificate,
    reason,
  }
}

function checkedNames(given: Args): CertificateNames {
  const plan = sanPlan({
    knownAs: given.known_as,
    names: given.names,
    addresses: given.addresses,
    localhost: given.localhost,
  })
  const folders = [given.node, given.file].map(storeNameProblem).filter((problem) => problem !== undefined)
  throwProblems([...plan.problems, ...folders])
  if (given.renew_before_days !== undefined && given.renew_before_days >= given.days) {
    throw new TaskError('A certificate would be due for renewal as soon as it is issued', {
      hint: `renew_before_days (${given.renew_before_days}) must be less than days (${given.days})`,
    })
  }
  return plan.names
}

function checkedUsages(usages: readonly string[]): readonly Usage[] {
  const known = usages.filter((usage) => usage === 'server' || usage === 'client')
  const other = usages.find((usage) => usage !== 'server' && usage !== 'client')
  if (other !== undefined) throw new TaskError(`"${other}" is no usage`, { hint: 'usages are "server" and "client"' })
  if (known.length === 0) throw new TaskError('A certificate needs a usage', { hint: 'usages: [server]' })
  return known
}

/** Java derives PBES2 keys from printable ASCII only (com.sun.crypto.provider.PBEKey); certutil asks for ASCII too. */
function assertJavaReads(password: Secret): void {
  if (/^[\x20-\x7e]+$/.test(password.reveal())) return
  throw new PkiError('The password of the PKCS#12 store must be printable ASCII and not empty', {
    hint: 'Elasticsearch reads the store with Java, which takes no other characters',
  })
}
