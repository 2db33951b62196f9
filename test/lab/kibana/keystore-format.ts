import { createCipheriv, createDecipheriv, pbkdf2Sync, randomBytes } from 'node:crypto'

// Kibana's own format 1: `1:` and base64 of salt (64), iv (12), tag (16), ciphertext; AES-256-GCM under a key that
// PBKDF2 makes of the password with 10,000 rounds of SHA-512. The content is JSON.

export class UnableToReadKeystore extends Error {
  constructor() {
    super('unable to read keystore')
    this.name = 'UnableToReadKeystore'
  }
}

export function sealKeystore(settings: Readonly<Record<string, unknown>>, password = ''): string {
  const salt = randomBytes(64)
  const iv = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', keyOf(password, salt), iv)
  const ciphertext = Buffer.concat([cipher.update(JSON.stringify(settings), 'utf8'), cipher.final()])
  return `1:${Buffer.concat([salt, iv, cipher.getAuthTag(), ciphertext]).toString('base64')}`
}

export function openKeystore(text: string, password = ''): Record<string, unknown> {
  try {
    const bytes = Buffer.from(text.split(':')[1] ?? '', 'base64')
    const decipher = createDecipheriv('aes-256-gcm', keyOf(password, bytes.subarray(0, 64)), bytes.subarray(64, 76))
    decipher.setAuthTag(bytes.subarray(76, 92))
    const plain = Buffer.concat([decipher.update(bytes.subarray(92)), decipher.final()])
    return JSON.parse(plain.toString('utf8')) as Record<string, unknown>
  } catch {
    throw new UnableToReadKeystore()
  }
}

function keyOf(password: string, salt: Buffer): Buffer {
  return pbkdf2Sync(password, salt, 10_000, 32, 'sha512')
}
