import {
  createHash,
  createHmac,
  createPrivateKey,
  randomBytes,
  timingSafeEqual,
  X509Certificate,
  type KeyObject,
} from 'node:crypto'
import type { Secret } from '../secrets/secret.ts'
import { isAmong } from './certificate-fields.ts'
import {
  bmpString,
  bmpTextOf,
  bytesOf,
  childrenOf,
  decodeDer,
  encodeDer,
  integer,
  isTagged,
  nullValue,
  objectId,
  objectIdOf,
  octetString,
  sequence,
  setOf,
  tagged,
  type DerNode,
} from './der.ts'
import { objectIds } from './object-ids.ts'
import {
  checkedCount,
  decryptWithPassword,
  encryptedKeyInfo,
  encryptWithPassword,
  iterations,
  macKey,
} from './password-encryption.ts'
import { PkiError } from './pki-error.ts'

/** One key with its certificate, as it goes into a store. */
export interface KeyEntry {
  /** The friendlyName of the entry: Java's alias. */
  readonly alias: string
  readonly key: KeyObject
  readonly certificate: X509Certificate
  /** Issuing CA first; the root may be left out. */
  readonly chain: readonly X509Certificate[]
}

export interface StoredKey {
  readonly alias: string | undefined
  readonly localKeyId: string | undefined
  readonly key: KeyObject
}

interface StoredCertificate {
  readonly alias: string | undefined
  readonly localKeyId: string | undefined
  /** Java takes it as a trusted certificate entry. */
  readonly isTrusted: boolean
  readonly certificate: X509Certificate
}

/** A CA that whoever uses the store as a truststore is to trust. Aliases are told apart without regard to case. */
export interface TrustedEntry {
  readonly alias: string
  readonly certificate: X509Certificate
}

export interface Pkcs12 {
  readonly keys: readonly StoredKey[]
  readonly certificates: readonly StoredCertificate[]
}

/**
 * A PKCS#12 store (RFC 7292) as elasticsearch-certutil makes it: key and certificates with PBES2, HMAC-SHA-256 and
 * AES-256, a SHA-256 MAC. Java 17 and 25, OpenSSL 3 and node-forge (Kibana) open it. It was opened with the password
 * before it is returned. Throws a PkiError if key and certificate do not belong together.
 */
export function writePkcs12(entry: KeyEntry, password: Secret, trusted: readonly TrustedEntry[] = []): Buffer {
  const secret = password.reveal()
  const id = createHash('sha1').update(entry.certificate.raw).digest()
  const attributes = setOf(
    attribute(objectIds.friendlyName, bmpString(entry.alias)),
    attribute(objectIds.localKeyId, octetString(id)),
  )
  const key = encryptWithPassword(entry.key.export({ type: 'pkcs8', format: 'der' }), secret)
  const keys = sequence(sequence(objectId(objectIds.shroudedKeyBag), tagged(0, [encryptedKeyInfo(key)]), attributes))
  // Of two CAs with one name Java makes the later one part of the chain: the issuer comes last.
  const isIssuer = ({ certificate }: TrustedEntry) => isAmong(certificate, entry.chain)
  const anchors = [...trusted.filter((one) => !isIssuer(one)), ...trusted.filter(isIssuer)]
  const isTrusted = (one: X509Certificate) => trusted.some(({ certificate }) => isAmong(one, [certificate]))
  const certificates = sequence(
    certificateBag(entry.certificate, attributes),
    ...entry.chain.filter((one) => !isTrusted(one)).map((one) => certificateBag(one)),
    ...anchors.map(trustedBag),
  )
  const store = sealed([dataInfo(encodeDer(keys)), encryptedInfo(encodeDer(certificates), secret)], secret)
  assertOpens(store, entry, password)
  return store
}

/** A store of trusted certificates alone, as `keytool -importcert` makes it. */
export function writeTrustStore(trusted: readonly TrustedEntry[], password: Secret): Buffer {
  const secret = password.reveal()
  return sealed([encryptedInfo(encodeDer(sequence(...trusted.map(trustedBag))), secret)], secret)
}

function sealed(parts: readonly DerNode[], password: string): Buffer {
  const contents = encodeDer(sequence(...parts))
  return encodeDer(sequence(integer(3), dataInfo(contents), macData(contents, password)))
}

/**
 * Opens a store of certutil, keytool, OpenSSL (new and legacy), node-forge or ours. Throws a PkiError: no PKCS#12, wrong
 * password, unknown algorithm.
 */
export function readPkcs12(store: Buffer, password: Secret): Pkcs12 {
  try {
    return parsed(store, password)
  } catch (thrown) {
    if (thrown instanceof PkiError) throw thrown
    throw new PkiError('The PKCS#12 store is damaged', { cause: thrown })
  }
}

function parsed(store: Buffer, password: Secret): Pkcs12 {
  const [version, content, mac] = childrenOf(decodeDer(store))
  if (bytesOf(version).toString('hex') !== '03') throw new PkiError('The file is no PKCS#12 store')
  const contents = bytesOf(infoContent(content))
  const secret = password.reveal()
  if (mac !== undefined && !macFits(mac, contents, secret)) throw wrongPassword()
  const bags = childrenOf(decodeDer(contents)).flatMap((info) => bagsOf(info, secret))
  const found = bags.flatMap((bag) => readBag(bag, secret))
  return {
    keys: found.filter((item) => 'key' in item),
    certificates: found.filter((item) => 'certificate' in item),
  }
}

/** The certificate that belongs to a key of the store, by localKeyId or, where there is none, by the key itself. */
export function certificateOf(store: Pkcs12, key: StoredKey): X509Certificate | undefined {
  const named = store.certificates.filter((one) => one.localKeyId !== undefined && one.localKeyId === key.localKeyId)
  return [...named, ...store.certificates].find((one) => one.certificate.checkPrivateKey(key.key))?.certificate
}

function assertOpens(store: Buffer, entry: KeyEntry, password: Secret): void {
  const opened = readPkcs12(store, password)
  const [key] = opened.keys
  const found = key === undefined ? undefined : certificateOf(opened, key)
  if (found === undefined || !found.raw.equals(entry.certificate.raw)) {
    throw new PkiError(`The private key of "${entry.alias}" does not match its certificate`)
  }
}

function certificateBag(certificate: X509Certificate, attributes?: DerNode): DerNode {
  const value = sequence(objectId(objectIds.x509Certificate), tagged(0, [octetString(certificate.raw)]))
  const parts = [objectId(objectIds.certificateBag), tagged(0, [value])]
  return sequence(...parts, ...(attributes === undefined ? [] : [attributes]))
}

/** Without Oracle's attribute, with any extended usage in it, Java sees no trusted entry in a certificate. */
function trustedBag({ alias, certificate }: TrustedEntry): DerNode {
  const attributes = setOf(
    attribute(objectIds.friendlyName, bmpString(alias)),
    attribute(objectIds.trustedKeyUsage, objectId(objectIds.anyExtendedKeyUsage)),
  )
  return certificateBag(certificate, attributes)
}

function attribute(id: string, value: DerNode): DerNode {
  return sequence(objectId(id), setOf(value))
}

function dataInfo(bytes: Buffer): DerNode {
  return sequence(objectId(objectIds.data), tagged(0, [octetString(bytes)]))
}

function encryptedInfo(bytes: Buffer, password: string): DerNode {
  const { algorithm, ciphertext } = encryptWithPassword(bytes, password)
  const content = sequence(objectId(objectIds.data), algorithm, tagged(0, ciphertext))
  return sequence(objectId(objectIds.encryptedData), tagged(0, [sequence(integer(0), content)]))
}

function macData(contents: Buffer, password: string): DerNode {
  const salt = randomBytes(20)
  const digest = createHmac('sha256', macKey('sha256', password, salt, iterations))
    .update(contents)
    .digest()
  const info = sequence(sequence(objectId(objectIds.sha256), nullValue()), octetString(digest))
  return sequence(info, octetString(salt), integer(iterations))
}

const macHashes: ReadonlyMap<string, string> = new Map([
  [objectIds.sha1, 'sha1'],
  [objectIds.sha256, 'sha256'],
  [objectIds.sha384, 'sha384'],
  [objectIds.sha512, 'sha512'],
])

function macFits(mac: DerNode, contents: Buffer, password: string): boolean {
  const [info, salt, count] = childrenOf(mac)
  const [algorithm, digest] = childrenOf(info)
  const id = objectIdOf(childrenOf(algorithm)[0])
  const hash = macHashes.get(id)
  if (hash === undefined) throw new PkiError(`The MAC algorithm "${id}" of the PKCS#12 store is not supported`)
  const key = macKey(hash, password, bytesOf(salt), count === undefined ? 1 : checkedCount(count))
  const expected = createHmac(hash, key).update(contents).digest()
  const found = bytesOf(digest)
  return found.length === expected.length && timingSafeEqual(found, expected)
}

function infoContent(info: DerNode | undefined): DerNode | undefined {
  const [id, content] = childrenOf(info)
  if (objectIdOf(id) !== objectIds.data) {
    throw new PkiError('The PKCS#12 store is sealed with a public key; only password-sealed ones can be read')
  }
  return childrenOf(content)[0]
}

function bagsOf(info: DerNode, password: string): readonly DerNode[] {
  const [id, content] = childrenOf(info)
  if (objectIdOf(id) === objectIds.data) return childrenOf(decodeDer(bytesOf(childrenOf(content)[0])))
  if (objectIdOf(id) !== objectIds.encryptedData) {
    throw new PkiError('The PKCS#12 store holds a part that is sealed with a public key')
  }
  const [, encrypted] = childrenOf(childrenOf(content)[0])
  const [, algorithm, ciphertext] = childrenOf(encrypted)
  if (algorithm === undefined || !isTagged(ciphertext, 0)) throw new PkiError('The PKCS#12 store is damaged')
  const plain = decryptWithPassword({ algorithm, ciphertext: bytesOf(ciphertext) }, password)
  if (plain === undefined) throw wrongPassword()
  return childrenOf(decodeDer(plain))
}

function readBag(bag: DerNode, password: string): readonly (StoredKey | StoredCertificate)[] {
  const [id, wrapped, attributes] = childrenOf(bag)
  const value = childrenOf(wrapped)[0]
  const { isTrusted, ...names } = readAttributes(attributes)
  switch (objectIdOf(id)) {
    case objectIds.keyBag:
      return value === undefined ? [] : [{ ...names, key: keyFrom(encodeDer(value)) }]
    case objectIds.shroudedKeyBag:
      return [{ ...names, key: keyFrom(openedKey(value, password)) }]
    case objectIds.certificateBag: {
      const [kind, certificate] = childrenOf(value)
      if (objectIdOf(kind) !== objectIds.x509Certificate) return []
      return [{ ...names, isTrusted, certificate: new X509Certificate(bytesOf(childrenOf(certificate)[0])) }]
    }
    case objectIds.safeContentsBag:
      return childrenOf(value).flatMap((inner) => readBag(inner, password))
    default:
      return []
  }
}

function readAttributes(attributes: DerNode | undefined): Omit<StoredCertificate, 'certificate'> {
  const found = new Map<string, DerNode>()
  for (const item of attributes === undefined ? [] : childrenOf(attributes)) {
    const [id, values] = childrenOf(item)
    const [value] = childrenOf(values)
    if (value !== undefined) found.set(objectIdOf(id), value)
  }
  const id = found.get(objectIds.localKeyId)
  return {
    alias: bmpTextOf(found.get(objectIds.friendlyName)),
    localKeyId: id === undefined ? undefined : bytesOf(id).toString('hex'),
    isTrusted: found.has(objectIds.trustedKeyUsage),
  }
}

function openedKey(value: DerNode | undefined, password: string): Buffer {
  const [algorithm, ciphertext] = childrenOf(value)
  if (algorithm === undefined) throw new PkiError('The PKCS#12 store is damaged')
  const plain = decryptWithPassword({ algorithm, ciphertext: bytesOf(ciphertext) }, password)
  if (plain === undefined) throw wrongPassword()
  return plain
}

function keyFrom(pkcs8: Buffer): KeyObject {
  try {
    return createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
  } catch (thrown) {
    throw new PkiError('A private key in the PKCS#12 store cannot be read', { cause: thrown })
  }
}

function wrongPassword(): PkiError {
  return new PkiError('The password does not open the PKCS#12 store')
}
