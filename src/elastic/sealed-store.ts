import { createDecipheriv, pbkdf2Sync } from 'node:crypto'
import { TaskError } from '../errors.ts'

const lengths = { salt: 64, iv: 12, tag: 16 }

/**
 * The settings in a Kibana keystore, values as JSON values. Format 1, from Kibana's `src/cli/keystore/lib/keystore`:
 * `1:` and base64 of salt, iv, tag and ciphertext. Throws a TaskError when the password is wrong or the file broken.
 */
export function openKibanaKeystore(file: Buffer, path: string, password: string): ReadonlyMap<string, unknown> {
  const [version, data = ''] = file.toString('latin1').split(':')
  if (version !== '1') throw new TaskError(`"${path}" is not a Kibana keystore of format 1`)
  const bytes = Buffer.from(data, 'base64')
  const { salt, iv, rest } = cut(bytes)
  const tag = rest.subarray(0, lengths.tag)
  const plain = open({ salt, iv, tag, ciphertext: rest.subarray(lengths.tag) }, password)
  if (plain === undefined) {
    throw new TaskError(`The Kibana keystore "${path}" does not open with the password given`, {
      hint: 'Set kibana_keystore_password to the password of the keystore',
    })
  }
  return new Map(Object.entries(JSON.parse(plain) as Record<string, unknown>))
}

/**
 * The settings in a Metricbeat keystore, values as the text that was added. Format v1, from
 * `libbeat/keystore/file_keystore.go`: `v1` and base64 of salt, iv and ciphertext with its tag behind it; the
 * password is always empty. Throws a TaskError when the file is broken.
 */
export function openBeatKeystore(file: Buffer, path: string): ReadonlyMap<string, string> {
  const text = file.toString('latin1')
  const { salt, iv, rest } = cut(Buffer.from(text.slice(2), 'base64'))
  const tag = rest.subarray(Math.max(0, rest.length - lengths.tag))
  const ciphertext = rest.subarray(0, Math.max(0, rest.length - lengths.tag))
  const plain = text.startsWith('v1') ? open({ salt, iv, tag, ciphertext }, '') : undefined
  if (plain === undefined) throw new TaskError(`"${path}" is not a Metricbeat keystore of format v1, or it is broken`)
  const entries = Object.entries(JSON.parse(plain) as Record<string, { readonly value?: string }>)
  return new Map(entries.map(([name, { value }]) => [name, Buffer.from(value ?? '', 'base64').toString()]))
}

interface Sealed {
  readonly salt: Buffer
  readonly iv: Buffer
  readonly tag: Buffer
  readonly ciphertext: Buffer
}

function cut(bytes: Buffer): { readonly salt: Buffer; readonly iv: Buffer; readonly rest: Buffer } {
  return {
    salt: bytes.subarray(0, lengths.salt),
    iv: bytes.subarray(lengths.salt, lengths.salt + lengths.iv),
    rest: bytes.subarray(lengths.salt + lengths.iv),
  }
}

/** Undefined when it does not open. */
function open(sealed: Sealed, password: string): string | undefined {
  try {
    const key = pbkdf2Sync(password, sealed.salt, 10_000, 32, 'sha512')
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.iv)
    decipher.setAuthTag(sealed.tag)
    return Buffer.concat([decipher.update(sealed.ciphertext), decipher.final()]).toString('utf8')
  } catch {
    return undefined
  }
}
