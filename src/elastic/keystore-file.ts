import { createDecipheriv, pbkdf2 } from 'node:crypto'
import { promisify } from 'node:util'
import { ElksealError, type ErrorDetails } from '../errors.ts'
import { Secret } from '../secrets/secret.ts'

/**
 * `unknown-format`: a version this file does not know, so that the product's own tool has to be asked; `corrupt`: no
 * keystore at all; `password`: protected and no password given, or the wrong one.
 */
export type KeystoreTrouble = 'unknown-format' | 'corrupt' | 'password'

export class KeystoreError extends ElksealError {
  readonly trouble: KeystoreTrouble

  constructor(trouble: KeystoreTrouble, message: string, details: ErrorDetails = {}) {
    super(message, details)
    this.trouble = trouble
  }
}

/** What elasticsearch.keystore says before it is decrypted. */
export interface KeystoreHeader {
  readonly version: number
  readonly isProtected: boolean
}

/** Reads the header. Throws a KeystoreError when the bytes are no keystore. */
export function keystoreHeader(bytes: Buffer): KeystoreHeader {
  const start = dataStart
  const isKeystore =
    bytes.length > start + 21 &&
    bytes.readUInt32BE(0) === 0x3fd76c17 &&
    bytes[4] === codecName.length &&
    bytes.toString('utf8', 5, 5 + codecName.length) === codecName
  if (!isKeystore) throw new KeystoreError('corrupt', 'The file is no Elasticsearch keystore')
  return { version: bytes.readInt32BE(27), isProtected: bytes[31] === 1 }
}

/**
 * Opens elasticsearch.keystore without a Java start, for comparing. Writing is left to `elasticsearch-keystore`, which
 * owns the format. Formats 4 (7.1) to 7 (8.18, 9.x), from KeyStoreWrapper.java. Throws a KeystoreError.
 */
export async function readKeystore(bytes: Buffer, password?: Secret): Promise<ReadonlyMap<string, Secret>> {
  const { version, isProtected } = keystoreHeader(bytes)
  const format = formats.get(version)
  if (format === undefined) {
    throw new KeystoreError('unknown-format', `The keystore has format ${version}, which is not known here`)
  }
  if (isProtected && (password?.reveal() ?? '') === '') {
    throw new KeystoreError('password', 'The Elasticsearch keystore is protected by a password, and none is given', {
      hint: 'Set elasticsearch_keystore_password, best as a vaulted variable',
    })
  }
  const parts = partsOf(bytes, format.littleEndian)
  const key = await derive(
    isProtected ? (password?.reveal() ?? '') : '',
    parts.salt,
    format.iterations,
    format.keyBytes,
    'sha512',
  )
  try {
    const decipher = createDecipheriv(format.keyBytes === 32 ? 'aes-256-gcm' : 'aes-128-gcm', key, parts.iv)
    decipher.setAAD(parts.salt)
    decipher.setAuthTag(parts.encrypted.subarray(-16))
    const plain = Buffer.concat([decipher.update(parts.encrypted.subarray(0, -16)), decipher.final()])
    return entriesOf(plain)
  } catch (thrown) {
    if (thrown instanceof KeystoreError) throw thrown
    if (!isProtected) throw new KeystoreError('corrupt', 'The Elasticsearch keystore is damaged', { cause: thrown })
    throw new KeystoreError('password', 'The password does not open the Elasticsearch keystore', {
      hint: 'Check elasticsearch_keystore_password',
      cause: thrown,
    })
  }
}

const derive = promisify(pbkdf2)
const codecName = 'elasticsearch.keystore'
/** Behind Lucene's header (magic, name, version), the byte that says whether there is a password, and a length. */
const dataStart = 32 + 4

interface Format {
  readonly iterations: number
  readonly keyBytes: 16 | 32
  readonly littleEndian: boolean
}

const formats: ReadonlyMap<number, Format> = new Map([
  [4, { iterations: 10_000, keyBytes: 16, littleEndian: false }],
  [5, { iterations: 10_000, keyBytes: 16, littleEndian: true }],
  [6, { iterations: 210_000, keyBytes: 16, littleEndian: true }],
  [7, { iterations: 210_000, keyBytes: 32, littleEndian: true }],
])

function partsOf(bytes: Buffer, littleEndian: boolean): { salt: Buffer; iv: Buffer; encrypted: Buffer } {
  let at = dataStart
  const next = (): Buffer => {
    const length = at + 4 > bytes.length ? -1 : littleEndian ? bytes.readInt32LE(at) : bytes.readInt32BE(at)
    const part = bytes.subarray(at + 4, at + 4 + length)
    if (length < 0 || part.length !== length) {
      throw new KeystoreError('corrupt', 'The Elasticsearch keystore is cut off')
    }
    at += 4 + length
    return part
  }
  const parts = { salt: next(), iv: next(), encrypted: next() }
  if (parts.encrypted.length < 16) throw new KeystoreError('corrupt', 'The Elasticsearch keystore is cut off')
  return parts
}

/** Java's DataOutput: a count, then each name (UTF) and value (length, bytes), big endian. */
function entriesOf(plain: Buffer): ReadonlyMap<string, Secret> {
  const entries = new Map<string, Secret>()
  let at = 4
  for (let left = plain.readInt32BE(0); left > 0; left -= 1) {
    const nameEnd = at + 2 + plain.readUInt16BE(at)
    const valueEnd = nameEnd + 4 + plain.readInt32BE(nameEnd)
    entries.set(plain.toString('utf8', at + 2, nameEnd), new Secret(plain.subarray(nameEnd + 4, valueEnd)))
    at = valueEnd
  }
  return entries
}
