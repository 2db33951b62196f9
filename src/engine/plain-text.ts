import { Secret } from '../secrets/secret.ts'
import { VaultedValue } from '../secrets/vaulted-value.ts'

/**
 * A value as a text that is the same for the same value: keys sorted, secrets with their values, bytes as latin1. A
 * vaulted value counts as it was written, so that nobody needs its password. Must not be printed.
 */
export function plainText(value: unknown, leaf: (text: string) => string = (text) => text): string {
  return JSON.stringify(plainValue(value, leaf))
}

function plainValue(value: unknown, leaf: (text: string) => string): unknown {
  if (typeof value === 'string') return leaf(value)
  if (typeof value === 'bigint') return String(value)
  if (value instanceof VaultedValue) return { vaulted: value.envelope }
  if (value instanceof Secret) return leaf(value.revealBytes().toString('latin1'))
  if (value instanceof Uint8Array) return leaf(Buffer.from(value).toString('latin1'))
  if (value instanceof Date) return value.toISOString()
  if (Array.isArray(value)) return value.map((item) => plainValue(item, leaf))
  if (value instanceof Map) return { map: plainEntries([...value] as [string, unknown][], leaf) }
  if (typeof value !== 'object' || value === null) return typeof value === 'function' ? undefined : value
  return plainEntries(Object.entries(value), leaf)
}

function plainEntries(entries: readonly (readonly [string, unknown])[], leaf: (text: string) => string): unknown {
  const defined = entries.filter(([, item]) => item !== undefined && typeof item !== 'function')
  const sorted = defined.sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(sorted.map(([key, item]) => [key, plainValue(item, leaf)]))
}
