import { createCipheriv, createDecipheriv, createHash, pbkdf2Sync, randomBytes } from 'node:crypto'
import type forge from 'node-forge'
import {
  bytesOf,
  childrenOf,
  integer,
  isType,
  nullValue,
  objectId,
  objectIdOf,
  octetString,
  sequence,
  smallIntegerOf,
  type DerNode,
} from './der.ts'
import { objectIds } from './object-ids.ts'
import { loadForge } from './forge.ts'
import { PkiError } from './pki-error.ts'

/** As elasticsearch-certutil 8 and later, and keytool 17, write their stores. */
export const iterations = 10_000

export interface Encrypted {
  readonly algorithm: DerNode
  readonly ciphertext: Buffer
}

/** PBES2 (RFC 8018): PBKDF2 with HMAC-SHA-256, AES-256-CBC. */
export function encryptWithPassword(plain: Buffer, password: string): Encrypted {
  const salt = randomBytes(20)
  const iv = randomBytes(16)
  const key = pbkdf2Sync(Buffer.from(password, 'utf8'), salt, iterations, 32, 'sha256')
  const cipher = createCipheriv('aes-256-cbc', key, iv)
  const derivation = sequence(
    objectId(objectIds.pbkdf2),
    sequence(
      octetString(salt),
      integer(iterations),
      integer(32),
      sequence(objectId(objectIds.hmacWithSha256), nullValue()),
    ),
  )
  const scheme = sequence(objectId(objectIds.aes256Cbc), octetString(iv))
  return {
    algorithm: sequence(objectId(objectIds.pbes2), sequence(derivation, scheme)),
    ciphertext: Buffer.concat([cipher.update(plain), cipher.final()]),
  }
}

/** Undefined when the password does not open it. Throws a PkiError for an algorithm we do not know. */
export function decryptWithPassword(encrypted: Encrypted, password: string): Buffer | undefined {
  const [id, parameters] = childrenOf(encrypted.algorithm)
  return objectIdOf(id) === objectIds.pbes2
    ? decryptPbes2(parameters, encrypted.ciphertext, password)
    : decryptLegacy(objectIdOf(id), parameters, encrypted.ciphertext, password)
}

const prfs: ReadonlyMap<string, string> = new Map([
  [objectIds.hmacWithSha1, 'sha1'],
  [objectIds.hmacWithSha224, 'sha224'],
  [objectIds.hmacWithSha256, 'sha256'],
  [objectIds.hmacWithSha384, 'sha384'],
  [objectIds.hmacWithSha512, 'sha512'],
])

const ciphers: ReadonlyMap<string, { readonly name: string; readonly keyLength: number }> = new Map([
  [objectIds.aes128Cbc, { name: 'aes-128-cbc', keyLength: 16 }],
  [objectIds.aes192Cbc, { name: 'aes-192-cbc', keyLength: 24 }],
  [objectIds.aes256Cbc, { name: 'aes-256-cbc', keyLength: 32 }],
  [objectIds.tripleDesCbc, { name: 'des-ede3-cbc', keyLength: 24 }],
])

function decryptPbes2(parameters: DerNode | undefined, ciphertext: Buffer, password: string): Buffer | undefined {
  const [derivation, scheme] = childrenOf(parameters)
  const [derivationId, derivationParameters] = childrenOf(derivation)
  const [salt, count, ...rest] = childrenOf(derivationParameters)
  const prfId = rest.find((node) => isType(node, 'sequence'))
  const prf = prfId === undefined ? 'sha1' : prfs.get(objectIdOf(childrenOf(prfId)[0]))
  const [schemeId, iv] = childrenOf(scheme)
  const cipher = ciphers.get(objectIdOf(schemeId))
  if (objectIdOf(derivationId) !== objectIds.pbkdf2 || prf === undefined || cipher === undefined) {
    throw unknownAlgorithm(objectIdOf(schemeId))
  }
  const key = pbkdf2Sync(Buffer.from(password), bytesOf(salt), checkedCount(count), cipher.keyLength, prf)
  try {
    const decipher = createDecipheriv(cipher.name, key, bytesOf(iv))
    return Buffer.concat([decipher.update(ciphertext), decipher.final()])
  } catch {
    return undefined
  }
}

/** 3DES and RC2-40 with SHA-1 (RFC 7292, appendix C): OpenSSL 3 has RC2 in its legacy provider only, forge has both. */
function decryptLegacy(
  id: string,
  parameters: DerNode | undefined,
  ciphertext: Buffer,
  password: string,
): Buffer | undefined {
  checkedCount(childrenOf(parameters)[1])
  const { pbe } = loadForge().pki as unknown as { readonly pbe: LegacyEncryption }
  let cipher
  try {
    cipher = pbe.getCipher(id, parameters, password)
  } catch {
    throw unknownAlgorithm(id)
  }
  cipher.update(loadForge().util.createBuffer(ciphertext.toString('latin1')))
  return cipher.finish() ? Buffer.from(cipher.output.getBytes(), 'latin1') : undefined
}

/** Missing in forge's types. */
interface LegacyEncryption {
  getCipher(
    id: string,
    parameters: DerNode | undefined,
    password: string,
  ): {
    update(input: forge.util.ByteStringBuffer): void
    finish(): boolean
    readonly output: forge.util.ByteStringBuffer
  }
}

/** A key of the password derived as PKCS#12 does for its MAC (RFC 7292, appendix B.2, ID 3), as long as the hash. */
export function macKey(hash: string, password: string, salt: Buffer, count: number): Buffer {
  const block = hash === 'sha384' || hash === 'sha512' ? 128 : 64
  const secret = Buffer.from(`${password}\0`, 'utf16le').swap16()
  let digest = createHash(hash)
    .update(Buffer.alloc(block, 3))
    .update(repeated(salt, block))
    .update(repeated(secret, block))
    .digest()
  for (let round = 1; round < count; round++) digest = createHash(hash).update(digest).digest()
  return digest
}

/** More rounds than any tool writes: opening such a file would only keep the machine busy. */
const mostIterations = 5_000_000

export function checkedCount(node: DerNode | undefined): number {
  const count = smallIntegerOf(node)
  if (count < 1 || count > mostIterations) throw new PkiError('The number of key derivation rounds makes no sense')
  return count
}

/** A key as EncryptedPrivateKeyInfo (RFC 5958). */
export function encryptedKeyInfo(encrypted: Encrypted): DerNode {
  return sequence(encrypted.algorithm, octetString(encrypted.ciphertext))
}

function repeated(bytes: Buffer, block: number): Buffer {
  return bytes.length === 0 ? bytes : Buffer.alloc(block * Math.ceil(bytes.length / block), bytes)
}

function unknownAlgorithm(id: string): PkiError {
  return new PkiError(`The encryption algorithm "${id}" is not supported`, {
    hint: 'Convert the file: openssl pkcs12 -in OLD.p12 -legacy -out ca.pem, then openssl pkcs12 -export -in ca.pem -out NEW.p12',
  })
}
