import { createCipheriv, createDecipheriv, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

/*
 * The Ansible Vault format 1.1 and 1.2, after ansible-core's lib/ansible/parsing/vault/__init__.py: a header line, then
 * hex( hex(salt) "\n" hex(hmac) "\n" hex(ciphertext) ) in lines of 80. The header is not authenticated.
 */

export const vaultHeader = '$ANSIBLE_VAULT'

/** What an envelope carries, still encrypted. */
export interface SealedText {
  /** `default` when the header names none (format 1.1). */
  readonly id: string
  readonly salt: Buffer
  readonly hmac: Buffer
  readonly ciphertext: Buffer
}

/** Bytes derived from a password and a salt: 32 for AES, 32 for the HMAC, 16 for the first counter block. */
export type DerivedKey = Buffer

export const derivedKeyLength = 80

/** Undefined when the text is no well-formed envelope; indentation, CRLF and blank lines around it do not matter. */
export function parseEnvelope(envelope: string): SealedText | undefined {
  const [header = '', ...lines] = envelope.trim().split(/\r?\n/)
  const [magic, version, cipher, id] = header.split(';').map((part) => part.trim())
  if (magic !== vaultHeader || (version !== '1.1' && version !== '1.2') || cipher !== 'AES256') return undefined
  const inner = fromHex(lines.map((line) => line.trim()).join(''))
    ?.toString('latin1')
    .split('\n')
  const [salt, hmac, ciphertext] = (inner ?? []).map(fromHex)
  if (salt === undefined || hmac?.length !== 32 || ciphertext === undefined || inner?.length !== 3) return undefined
  return { id: id === undefined || id === '' ? 'default' : id, salt, hmac, ciphertext }
}

/** Undefined when the key is not the one that sealed it. */
export function unseal(sealed: SealedText, key: DerivedKey): Buffer | undefined {
  if (!timingSafeEqual(mac(sealed.ciphertext, key), sealed.hmac)) return undefined
  const cipher = createDecipheriv('aes-256-ctr', key.subarray(0, 32), key.subarray(64, 80))
  return withoutPadding(Buffer.concat([cipher.update(sealed.ciphertext), cipher.final()]))
}

/** The envelope's text, ending in a newline. Format 1.1 for the id `default`, else 1.2, as Ansible writes it. */
export function seal(plain: Buffer, id: string, deriveKey: (salt: Buffer) => DerivedKey): string {
  const salt = randomBytes(32)
  const key = deriveKey(salt)
  const cipher = createCipheriv('aes-256-ctr', key.subarray(0, 32), key.subarray(64, 80))
  const ciphertext = Buffer.concat([cipher.update(withPadding(plain)), cipher.final()])
  const inner = [salt, mac(ciphertext, key), ciphertext].map((part) => part.toString('hex')).join('\n')
  const body =
    Buffer.from(inner)
      .toString('hex')
      .match(/.{1,80}/g) ?? []
  const header = id === 'default' ? [vaultHeader, '1.1', 'AES256'] : [vaultHeader, '1.2', 'AES256', id]
  return [header.join(';'), ...body, ''].join('\n')
}

function mac(ciphertext: Buffer, key: DerivedKey): Buffer {
  return createHmac('sha256', key.subarray(32, 64)).update(ciphertext).digest()
}

// The counter mode needs no padding; the format has it all the same (PKCS#7, block of 16).
function withPadding(plain: Buffer): Buffer {
  const length = 16 - (plain.length % 16)
  return Buffer.concat([plain, Buffer.alloc(length, length)])
}

function withoutPadding(padded: Buffer): Buffer | undefined {
  const length = padded.at(-1) ?? 0
  if (length < 1 || length > 16 || length > padded.length) return undefined
  return padded.subarray(0, padded.length - length)
}

function fromHex(text: string): Buffer | undefined {
  return /^(?:[0-9a-fA-F]{2})+$/.test(text) ? Buffer.from(text, 'hex') : undefined
}
