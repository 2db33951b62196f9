import { createCipheriv, pbkdf2Sync, randomBytes } from 'node:crypto'

/** An elasticsearch.keystore of format 5 (8.0) without a password, as KeyStoreWrapper writes it, but for its checksum. */
export function elasticsearchKeystore(values: Readonly<Record<string, string>>): Buffer {
  const [salt, iv] = [randomBytes(64), randomBytes(12)]
  const cipher = createCipheriv('aes-128-gcm', pbkdf2Sync('', salt, 10_000, 16, 'sha512'), iv)
  cipher.setAAD(salt)
  const entries = Object.entries(values).flatMap(([name, value]) => [
    bigEndian(2, Buffer.byteLength(name)),
    Buffer.from(name),
    bigEndian(4, Buffer.byteLength(value)),
    Buffer.from(value),
  ])
  const plain = Buffer.concat([bigEndian(4, Object.keys(values).length), ...entries])
  const encrypted = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
  const parts = [salt, iv, encrypted].flatMap((part) => [littleEndian(part.length), part])
  const data = Buffer.concat(parts)
  const head = [
    Buffer.from('3fd76c17', 'hex'),
    Buffer.from([22]),
    Buffer.from('elasticsearch.keystore'),
    bigEndian(4, 5),
  ]
  return Buffer.concat([...head, Buffer.from([0]), littleEndian(data.length), data, Buffer.alloc(16)])
}

function bigEndian(bytes: number, value: number): Buffer {
  const written = Buffer.alloc(bytes)
  written.writeUIntBE(value, 0, bytes)
  return written
}

function littleEndian(value: number): Buffer {
  const written = Buffer.alloc(4)
  written.writeUInt32LE(value)
  return written
}
