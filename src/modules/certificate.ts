import { X509Certificate } from 'node:crypto'
import * as z from 'zod'
import { TaskError, throwProblems } from '../errors.ts'
import { sanPlan } from '../elastic/san-plan.ts'
import { checkAuthorityCertificate, lifetimeWarning } from '../pki/authority.ts'
import { certificateNames, dayText, fingerprint, serialNumber } from '../pki/certificate-fields.ts'
import type { CertificateNames } from '../pki/certificate-name.ts'
import { issueLeaf, type Authority, type Usage } from '../pki/issue.ts'
import { writePkcs12 } from '../pki/pkcs12.ts'
import { PkiError } from '../pki/pki-error.ts'
import { keepReason, reissueReason, type ReissueReason } from '../pki/reissue-reason.ts'
import { authorityPaths, leafPaths, storeNameProblem, type LeafPaths } from '../pki/store.ts'
import { Secret } from '../secrets/secret.ts'
import { bool, day, filledText, int, path, secret, textList } from './argument-types.ts'
import { certificateText } from './certificate-words.ts'
import type { Effect } from './effect.ts'
import {
  issuingAuthority,
  storedAuthorities,
  type NamedAuthority,
  type StoredAuthorities,
} from './issuing-authority.ts'
import { isForced } from './is-forced.ts'
import { defineModule, type Change, type Context, type Look, type Values } from './module.ts'
import {
  folderEffects,
  ownAuthority,
  ownAuthorityArguments,
  publicFile,
  storedAuthority,
  vaultedFile,
} from './pki-files.ts'
import { renewalArguments } from './renewal-arguments.ts'
import { storedLeaf } from './stored-leaf.ts'

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
  renew_before_days: renewalArguments.renew_before_days,
  renew_before: day().optional().describe('A day such as 2027-03-01: a certificate that ends before it is renewed now'),
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
    const names = checkedNames(given, look.clock.now())
    const paths = leafPaths(given.dir, given.node, given.file)
    const [stored, authorities] = await Promise.all([
      storedLeaf(look, paths, given),
      storedAuthorities(look, given.dir, given.ca),
    ])
    const ca = issuingAuthority(authorities, stored.certificate) ?? noAuthority(given)
    const authority = ca.certificate
    checkAuthorityCertificate(authority, authorityPaths(given.dir, ca.name).certificate, look.clock.now())
    const usages = checkedUsages(given.usages)
    const question = {
      ...stored,
      authority,
      names,
      usages,
      renewBeforeDays: given.renew_before_days,
      renewBefore: given.renew_before,
      force: isForced(given, stored.certificate, look),
    }
    const reason = reissueReason(question, look.clock.now())
    if (reason === undefined && stored.certificate !== undefined) {
      return { certificate: stored.certificate, authority, before: stored.certificate, issued: undefined }
    }
    const { leaf, store } = await issue(look, given, names, await signing(look, given, ca, authorities))
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

function noAuthority({ dir, ca }: Args): never {
  throw new TaskError(`There is no CA "${authorityPaths(dir, ca).certificate}"`, {
    hint: 'Run certificate_authority before certificate',
  })
}

/** With its key. As long as nothing has to be issued, nobody needs that, or its password. */
async function signing(
  look: Look,
  given: Args,
  { name, certificate: stated }: NamedAuthority,
  { next }: StoredAuthorities,
): Promise<Authority> {
  const paths = authorityPaths(given.dir, name)
  const own = await ownAuthority(look, given)
  const isOwn = (one: X509Certificate | undefined) => one !== undefined && own?.certificate.raw.equals(one.raw) === true
  if (own !== undefined && isOwn(stated)) return own
  // The CA given may be the one to come, and this node's turn has not come yet.
  if (own === undefined || isOwn(next?.certificate)) return storedAuthority(look, paths)
  throw new TaskError(`The CA given is not the one in "${paths.certificate}"`, {
    hint: 'Run certificate_authority with the same CA before certificate',
  })
}

async function issue(
  look: Look,
  given: Args,
  names: CertificateNames,
  authority: Authority,
): Promise<{ readonly leaf: X509Certificate; readonly store: Buffer }> {
  assertJavaReads(given.p12_password)
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
      before: before === undefined ? '' : certificateText(before),
      after: certificateText(leaf),
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

function checkedNames(given: Args, now: Date): CertificateNames {
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
  if (given.renew_before !== undefined && given.renew_before.getTime() >= now.getTime() + given.days * 86_400_000) {
    throw new TaskError(`A certificate that is issued now would end before ${dayText(given.renew_before)} too`, {
      hint: `renew_before must be less than days (${given.days}) away`,
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
