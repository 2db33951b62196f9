import { createCipheriv, pbkdf2Sync, randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'

/** elasticsearch.keystore in format 7 (8.18, 9.x) without a password, from Elasticsearch's KeyStoreWrapper.java. */
export function writeKeystore(entries: ReadonlyMap<string, Buffer>): Buffer {
  const [salt, iv] = [randomBytes(64), randomBytes(12)]
  const cipher = createCipheriv('aes-256-gcm', pbkdf2Sync('', salt, 210_000, 32, 'sha512'), iv)
  cipher.setAAD(salt)
  const encrypted = Buffer.concat([cipher.update(plainOf(entries)), cipher.final(), cipher.getAuthTag()])
  const data = Buffer.concat([salt, iv, encrypted].flatMap((part) => [int32le(part.length), part]))
  const name = Buffer.from('elasticsearch.keystore')
  // Lucene's header: magic, name, version; then: no password. Its footer: magic, the kind of checksum, the checksum.
  const header = Buffer.concat([int32(0x3fd76c17), Buffer.from([name.length]), name, int32(7), Buffer.from([0])])
  const body = Buffer.concat([header, int32(data.length), data, int32(~0x3fd76c17), int32(0)])
  const checksum = Buffer.alloc(8)
  checksum.writeUInt32BE(crc32(body), 4)
  return Buffer.concat([body, checksum])
}

/** Java's DataOutput: a count, then each name and value with its length. */
function plainOf(entries: ReadonlyMap<string, Buffer>): Buffer {
  const parts = [...entries].flatMap(([name, value]) => {
    const utf = Buffer.from(name)
    const length = Buffer.alloc(2)
    length.writeUInt16BE(utf.length)
    return [length, utf, int32(value.length), value]
  })
  return Buffer.concat([int32(entries.size), ...parts])
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value | 0)
  return bytes
}

function int32le(value: number): Buffer {
  return int32(value).reverse()
}
