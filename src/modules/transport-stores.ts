import type { X509Certificate } from 'node:crypto'
import { KeystoreError, readKeystore } from '../elastic/keystore-file.ts'
import type { TransportFiles, TransportKey, TransportTrust } from '../elastic/transport-files.ts'
import { transportPrefix, transportTls, type TransportTrustSource } from '../elastic/transport-tls.ts'
import { TaskError } from '../errors.ts'
import { fileAt } from '../facts/file.ts'
import { issuersOf } from '../pki/certificate-fields.ts'
import { certificatesFromPem } from '../pki/pem.ts'
import { certificateOf, readPkcs12, type Pkcs12, type TrustedEntry } from '../pki/pkcs12.ts'
import { PkiError } from '../pki/pki-error.ts'
import { Secret } from '../secrets/secret.ts'
import { readSettings, type Setting } from '../yaml-settings/read-settings.ts'
import type { Look } from './module.ts'
import type { TransportWords } from './transport-arguments.ts'

/** Opens the files of a node's transport TLS, with the passwords that its own keystore holds. */
export async function transportFiles(look: Look, words: TransportWords): Promise<TransportFiles> {
  const yml = `${words.pathConf}/elasticsearch.yml`
  const [text, keystore] = await Promise.all([
    readable(look, yml),
    readable(look, `${words.pathConf}/elasticsearch.keystore`),
  ])
  if (text === undefined) throw new TaskError(`There is no "${yml}"`, { hint: 'Set elasticsearch_path_conf' })
  const { settings } = readSettings(text.toString(), yml)
  const tls = transportTls(settings, words.pathConf)
  if (tls.kind === 'off') return tls
  try {
    if (tls.kind === 'fixed') {
      return closed(tls.reason, tls.certificatePath && (await firstCertificate(look, tls.certificatePath)))
    }
    const password = await passwords(keystore, words.keystorePassword, settings)
    const key = await keyAt(look, tls.path, password)
    return { kind: 'open', key, trust: await trustAt(look, tls.trust, key, password) }
  } catch (thrown) {
    // A store that does not open is what was found out. What cannot be looked at is an error.
    if (!(thrown instanceof PkiError) && !(thrown instanceof KeystoreError)) throw thrown
    return closed(lowerFirst(thrown.message))
  }
}

type Passwords = (name: 'keystore' | 'keystore key' | 'truststore') => Secret | undefined

/** From the node's keystore, or, as old installations have it, from elasticsearch.yml. */
async function passwords(
  keystore: Buffer | undefined,
  password: Secret | undefined,
  settings: ReadonlyMap<string, Setting>,
): Promise<Passwords> {
  const stored = keystore === undefined ? new Map<string, Secret>() : await readKeystore(keystore, password)
  return (name) => {
    const [store = '', part] = name.split(' ')
    const [secure, plain] = part === 'key' ? ['secure_key_password', 'key_password'] : ['secure_password', 'password']
    const text = settings.get(`${transportPrefix}${store}.${plain}`)?.text
    return stored.get(`${transportPrefix}${store}.${secure}`) ?? (text === undefined ? undefined : new Secret(text))
  }
}

async function keyAt(look: Look, path: string, password: Passwords): Promise<TransportKey> {
  const secret = password('keystore') ?? new Secret('')
  const own = password('keystore key')
  if (own !== undefined && !own.equals(secret)) {
    throw new PkiError(`The key in "${path}" has a password of its own`)
  }
  const store = await storeAt(look, path, secret)
  const [key, ...others] = store.keys
  const certificate = key === undefined ? undefined : certificateOf(store, key)
  if (key === undefined || certificate === undefined || others.length > 0) {
    throw new PkiError(`The store "${path}" holds ${store.keys.length} keys, not one with its certificate`)
  }
  // Java takes by its name what it makes the chain of, and a truststore may hold CAs of one name.
  const all = store.certificates.map((one) => one.certificate)
  const chain = issuersOf(certificate, all)
  const alias = key.alias ?? 'instance'
  return { path, password: secret, alias, key: key.key, certificate, chain, trusted: trustedIn(store) }
}

async function trustAt(
  look: Look,
  source: TransportTrustSource,
  key: TransportKey,
  password: Passwords,
): Promise<TransportTrust> {
  if (source.kind === 'pem') {
    const pem = await needed(look, source.path)
    return { ...source, certificates: certificatesFromPem(pem.toString('latin1'), source.path) }
  }
  const secret = source.kind === 'store' ? (password('truststore') ?? new Secret('')) : key.password
  const trusted = source.kind === 'store' ? trustedIn(await storeAt(look, source.path, secret)) : key.trusted
  const path = source.kind === 'store' ? source.path : key.path
  // Java then trusts the certificates of the keys themselves: with another one the node would be cut off.
  if (trusted.length === 0) throw new PkiError(`The store "${path}" holds no trusted CA`)
  return source.kind === 'store' ? { ...source, password: secret, trusted } : source
}

async function storeAt(look: Look, path: string, password: Secret): Promise<Pkcs12> {
  const content = await needed(look, path)
  try {
    return readPkcs12(content, password)
  } catch (thrown) {
    if (!(thrown instanceof PkiError)) throw thrown
    throw new PkiError(`The store "${path}" cannot be opened: ${lowerFirst(thrown.message)}`, { cause: thrown })
  }
}

function trustedIn(store: Pkcs12): readonly TrustedEntry[] {
  return store.certificates
    .filter((one) => one.isTrusted)
    .map(({ alias, certificate }, index) => ({ alias: alias ?? `ca-${index + 1}`, certificate }))
}

async function firstCertificate(look: Look, path: string): Promise<X509Certificate | undefined> {
  const pem = await readable(look, path)
  return pem === undefined ? undefined : certificatesFromPem(pem.toString('latin1'), path)[0]
}

async function needed(look: Look, path: string): Promise<Buffer> {
  const content = await readable(look, path)
  if (content === undefined) throw new PkiError(`There is no "${path}": the next start would fail`)
  return content
}

/** Undefined where there is no such file. */
async function readable(look: Look, path: string): Promise<Buffer | undefined> {
  const file = await look.host.ask(fileAt(path, { content: true }))
  if (file.kind === 'absent') return undefined
  if (file.kind !== 'file' || file.content === undefined) {
    throw new TaskError(`Cannot read "${path}"`, { hint: 'Use become: true' })
  }
  return file.content
}

function closed(reason: string, certificate?: X509Certificate | ''): TransportFiles {
  return { kind: 'closed', reason, certificate: certificate || undefined }
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}
