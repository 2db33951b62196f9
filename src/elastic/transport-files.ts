import type { KeyObject, X509Certificate } from 'node:crypto'
import { isAmong } from '../pki/certificate-fields.ts'
import { certificatesToPem } from '../pki/pem.ts'
import { writePkcs12, writeTrustStore, type TrustedEntry } from '../pki/pkcs12.ts'
import type { Identity } from '../pki/issue.ts'
import type { Secret } from '../secrets/secret.ts'

/** The files of a node's transport TLS, opened. */
export type TransportFiles =
  | { readonly kind: 'off' }
  /** They cannot be changed while the node runs. The certificate, where it could be read all the same. */
  | { readonly kind: 'closed'; readonly reason: string; readonly certificate: X509Certificate | undefined }
  | OpenTransport

export interface OpenTransport {
  readonly kind: 'open'
  readonly key: TransportKey
  readonly trust: TransportTrust
}

/** The PKCS#12 store with the node's key. Many installations have one for all nodes, and it is their truststore too. */
export interface TransportKey extends Identity {
  readonly path: string
  readonly password: Secret
  readonly alias: string
  readonly key: KeyObject
  readonly chain: readonly X509Certificate[]
  readonly trusted: readonly TrustedEntry[]
}

export type TransportTrust =
  | { readonly kind: 'key store' }
  | {
      readonly kind: 'store'
      readonly path: string
      readonly password: Secret
      readonly trusted: readonly TrustedEntry[]
    }
  | { readonly kind: 'pem'; readonly path: string; readonly certificates: readonly X509Certificate[] }

/** The CAs whose certificates the node takes from other nodes. */
export function trustedCertificates({ key, trust }: OpenTransport): readonly X509Certificate[] {
  if (trust.kind === 'pem') return trust.certificates
  return (trust.kind === 'store' ? trust.trusted : key.trusted).map((one) => one.certificate)
}

/** The key store with another key and certificate; path, password, alias and trusted entries stay. */
export function withIdentity({ key }: OpenTransport, next: Identity, chain: readonly X509Certificate[]): Buffer {
  return writePkcs12({ alias: key.alias, ...next, chain }, key.password, key.trusted)
}

/** The one file that says whom the node trusts, with just these CAs in it; key and certificate stay. */
export function withTrust({ key, trust }: OpenTransport, wanted: readonly X509Certificate[]): TransportContent {
  switch (trust.kind) {
    case 'pem':
      return { path: trust.path, content: Buffer.from(certificatesToPem(wanted)) }
    case 'store':
      return { path: trust.path, content: writeTrustStore(entriesFor(wanted, trust.trusted), trust.password) }
    case 'key store':
      return { path: key.path, content: writePkcs12(key, key.password, entriesFor(wanted, key.trusted)) }
  }
}

export interface TransportContent {
  readonly path: string
  readonly content: Buffer
}

/** Entries keep their names; a new one is `ca`, as certutil has it, or `ca-2`, `ca-3`… */
function entriesFor(wanted: readonly X509Certificate[], found: readonly TrustedEntry[]): readonly TrustedEntry[] {
  const kept = found.filter((one) => isAmong(one.certificate, wanted))
  const added = wanted.filter(
    (one) =>
      !isAmong(
        one,
        kept.map((entry) => entry.certificate),
      ),
  )
  const entries = [...kept]
  for (const certificate of added) entries.push({ alias: freeAlias(entries), certificate })
  return entries
}

function freeAlias(entries: readonly TrustedEntry[]): string {
  const used = new Set(entries.map((one) => one.alias.toLowerCase()))
  for (let number = 1; ; number += 1) {
    const alias = number === 1 ? 'ca' : `ca-${number}`
    if (!used.has(alias)) return alias
  }
}
