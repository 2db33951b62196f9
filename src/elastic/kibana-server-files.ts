import type { KeyObject, X509Certificate } from 'node:crypto'
import type { Identity } from '../pki/issue.ts'
import { certificatesFromPem, certificatesToPem, keyFromPem, keyToPem } from '../pki/pem.ts'
import { certificateOf, readPkcs12, writePkcs12 } from '../pki/pkcs12.ts'
import { PkiError } from '../pki/pki-error.ts'
import { isAmong } from '../pki/certificate-fields.ts'
import { Secret } from '../secrets/secret.ts'
import type { KibanaServerTls } from './kibana-server-tls.ts'

/** Where Kibana's certificate and key are. */
export type KibanaFilePlaces = Extract<KibanaServerTls, { readonly kind: 'p12' | 'pem' }>

/** What Kibana's files hold. */
export interface KibanaServerFiles {
  readonly places: KibanaFilePlaces
  readonly certificate: X509Certificate
  readonly keyMatches: boolean
  /** All the others that are in the same file. They stay. */
  readonly others: readonly X509Certificate[]
  readonly alias: string
  /** The key is encrypted, where it is in a file of its own. */
  readonly isEncrypted: boolean
}

/** Opens them. Throws a PkiError that says why it cannot. */
export function openKibanaFiles(places: KibanaFilePlaces, contents: readonly Buffer[]): KibanaServerFiles {
  const [first = Buffer.alloc(0), second = Buffer.alloc(0)] = contents
  return places.kind === 'p12' ? openStore(places, first) : openPair(places, first.toString(), second.toString())
}

/** The same files with another certificate and key: path and content, the one with the certificate first. */
export function renewedKibanaFiles(
  { places, others, alias, isEncrypted }: KibanaServerFiles,
  { certificate, key }: Identity,
): readonly { readonly path: string; readonly content: Secret }[] {
  if (places.kind === 'p12') {
    const store = writePkcs12({ alias, key, certificate, chain: others }, places.password)
    return [{ path: places.path, content: new Secret(store) }]
  }
  return [
    { path: places.certificatePath, content: new Secret(certificatesToPem([certificate, ...others])) },
    { path: places.keyPath, content: new Secret(isEncrypted ? encrypted(key, places.passphrase) : keyToPem(key)) },
  ]
}

function openStore(places: Extract<KibanaFilePlaces, { kind: 'p12' }>, content: Buffer): KibanaServerFiles {
  const store = readPkcs12(content, places.password)
  const [key] = store.keys
  const certificate = key === undefined ? undefined : certificateOf(store, key)
  if (certificate === undefined) throw new PkiError(`There is no key with its certificate in "${places.path}"`)
  const others = store.certificates.map((one) => one.certificate).filter((one) => !isAmong(one, [certificate]))
  return { places, certificate, keyMatches: true, others, alias: key?.alias ?? 'kibana', isEncrypted: true }
}

function openPair(places: Extract<KibanaFilePlaces, { kind: 'pem' }>, pem: string, keyText: string): KibanaServerFiles {
  const [certificate, ...others] = certificatesFromPem(pem, places.certificatePath)
  if (certificate === undefined) throw new PkiError(`There is no certificate in "${places.certificatePath}"`)
  const key = keyFromPem(keyText, places.passphrase, places.keyPath)
  const isEncrypted = /BEGIN ENCRYPTED|Proc-Type: 4,ENCRYPTED/.test(keyText)
  return { places, certificate, keyMatches: certificate.checkPrivateKey(key), others, alias: '', isEncrypted }
}

function encrypted(key: KeyObject, passphrase: Secret | undefined): string {
  const words = { cipher: 'aes-256-cbc', passphrase: passphrase?.reveal() ?? '' }
  return key.export({ type: 'pkcs8', format: 'pem', ...words }).toString()
}
