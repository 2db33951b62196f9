import { createHash, createHmac } from 'node:crypto'
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { ConnectionError } from './connection.ts'
import { matchesPatterns } from './ssh-pattern.ts'

/** One line of a known_hosts file (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT). */
export interface KnownHost {
  readonly file: string
  readonly line: number
  readonly marker: 'revoked' | 'cert-authority' | undefined
  readonly patterns: readonly string[]
  readonly type: string
  /** The key as base64. */
  readonly key: string
}

export type HostKeyVerdict =
  | { readonly kind: 'known' }
  /** Keys of other kinds are known: who could choose the kind could otherwise pass for a host that is merely unknown. */
  | { readonly kind: 'other-kind'; readonly known: KnownHost }
  | { readonly kind: 'unknown'; readonly authority: KnownHost | undefined }
  | { readonly kind: 'changed'; readonly known: KnownHost }
  | { readonly kind: 'revoked'; readonly known: KnownHost }

/** Lines that are no entries are skipped, as OpenSSH does. */
export function parseKnownHosts(text: string, file: string): readonly KnownHost[] {
  return text.split('\n').flatMap((raw, index): KnownHost[] => {
    const words = raw.trim().split(/\s+/)
    if (words[0] === undefined || words[0] === '' || words[0].startsWith('#')) return []
    const marker = words[0].startsWith('@') ? words.shift()?.slice(1) : undefined
    const [hosts, type, key] = words
    if (hosts === undefined || type === undefined || key === undefined) return []
    if (marker !== undefined && marker !== 'revoked' && marker !== 'cert-authority') return []
    const patterns = hosts.startsWith('|') ? [hosts] : hosts.toLowerCase().split(',')
    return [{ file, line: index + 1, marker, patterns, type, key }]
  })
}

/** The name under which a host is looked up: bare on port 22, `[host]:port` elsewhere. */
export function knownHostName(host: string, port: number): string {
  return port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${String(port)}`
}

/** What the files say of a key that a host shows. */
export function judgeHostKey(entries: readonly KnownHost[], name: string, key: Buffer): HostKeyVerdict {
  const base64 = key.toString('base64')
  const type = keyType(key)
  const own = entries.filter((entry) => matches(entry.patterns, name))
  const revoked = own.find((entry) => entry.marker === 'revoked' && entry.key === base64)
  if (revoked !== undefined) return { kind: 'revoked', known: revoked }
  const plain = own.filter((entry) => entry.marker === undefined)
  if (plain.some((entry) => entry.key === base64)) return { kind: 'known' }
  const changed = plain.find((entry) => entry.type === type)
  if (changed !== undefined) return { kind: 'changed', known: changed }
  const [other] = plain
  if (other !== undefined) return { kind: 'other-kind', known: other }
  return { kind: 'unknown', authority: own.find((entry) => entry.marker === 'cert-authority') }
}

/** Key types known for a host: asked for first, so that the host shows a key that can be compared. */
export function knownKeyTypes(entries: readonly KnownHost[], name: string): readonly string[] {
  const own = entries.filter((entry) => entry.marker === undefined && matches(entry.patterns, name))
  return [...new Set(own.map((entry) => entry.type))]
}

export function keyType(key: Buffer): string {
  const length = key.length >= 4 ? key.readUInt32BE(0) : 0
  return key.subarray(4, 4 + length).toString('latin1')
}

/** As `ssh-keygen -lf` prints it. */
export function keyFingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`
}

export function readKnownHosts(files: readonly string[]): readonly KnownHost[] {
  return files.flatMap((file) => {
    const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
    const known = parsed.get(file)
    if (known?.text === text) return known.entries
    const entries = parseKnownHosts(text, file)
    parsed.set(file, { text, entries })
    return entries
  })
}

/** What each file said last: parsing it for every host of many is quadratic. */
const parsed = new Map<string, { readonly text: string; readonly entries: readonly KnownHost[] }>()

/** OpenSSH's accept-new: the key is written down and from then on expected. */
export function addKnownHost(file: string, name: string, key: Buffer): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
  const gap = text === '' || text.endsWith('\n') ? '' : '\n'
  appendFileSync(file, `${gap}${name} ${keyType(key)} ${key.toString('base64')}\n`, { mode: 0o600 })
}

/** The error for a key that must not be trusted. */
export function hostKeyError(verdict: HostKeyVerdict, name: string, key: Buffer): ConnectionError {
  const shown = `${keyType(key)} ${keyFingerprint(key)}`
  if (verdict.kind === 'changed') {
    const { file, line } = verdict.known
    return new ConnectionError('host-key', `The host key of "${name}" has changed: it shows ${shown}`, {
      position: { file, line, column: 1 },
      hint:
        `Somebody may be listening in, or the host was set up anew. If you know that it was, remove the old key ` +
        `(ssh-keygen -R '${name}' -f ${file}) and add the new one after comparing it`,
    })
  }
  if (verdict.kind === 'revoked') {
    const { file, line } = verdict.known
    return new ConnectionError('host-key', `The host key of "${name}" is revoked: ${shown}`, {
      position: { file, line, column: 1 },
      hint: 'The host must get a new key before anybody may connect to it',
    })
  }
  if (verdict.kind === 'other-kind') {
    const { file, line, type } = verdict.known
    return new ConnectionError('host-key', `"${name}" shows ${shown}, but its known key is of the kind ${type}`, {
      position: { file, line, column: 1 },
      hint: 'Compare the key that it shows with the host, and add it to that file yourself',
    })
  }
  const authority = verdict.kind === 'unknown' ? verdict.authority : undefined
  if (authority !== undefined) {
    return new ConnectionError('host-key', `The host key of "${name}" is not known: it shows ${shown}`, {
      position: { file: authority.file, line: authority.line, column: 1 },
      hint: 'Host certificates (@cert-authority) are not supported: add the host key itself',
    })
  }
  return new ConnectionError('host-key', `The host key of "${name}" is not known: it shows ${shown}`, {
    hint: 'Compare it with the host, then connect once with ssh, or run again with --accept-new-host-keys',
  })
}

function matches(patterns: readonly string[], name: string): boolean {
  const [first = ''] = patterns
  if (first.startsWith('|1|')) return matchesHash(first, name)
  return matchesPatterns(patterns, name)
}

/** `|1|salt|hash`: HMAC-SHA1 of the name under the salt (ssh-keygen -H). */
function matchesHash(pattern: string, name: string): boolean {
  const [, , salt = '', hash = ''] = pattern.split('|')
  return createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === hash
}
