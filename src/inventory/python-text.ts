import { Secret } from '../secrets/secret.ts'
import { UnsafeText } from './unsafe-text.ts'

/** A value as Python's `str` prints it: text as it is, everything else as its `repr`. Secrets are masked. */
export function pythonText(value: unknown): string {
  if (value instanceof UnsafeText) return value.text
  return typeof value === 'string' ? value : pythonRepr(value)
}

function pythonRepr(value: unknown): string {
  if (value === null || value === undefined) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (typeof value === 'string') return pythonQuoted(value)
  if (Array.isArray(value)) return `[${value.map(pythonRepr).join(', ')}]`
  if (value instanceof Secret) return value.toString()
  if (typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype) {
    const entries = Object.entries(value).map(([key, item]) => `${pythonQuoted(key)}: ${pythonRepr(item)}`)
    return `{${entries.join(', ')}}`
  }
  if (value instanceof UnsafeText) return pythonQuoted(value.text)
  return typeof value === 'number' ? String(value) : pythonQuoted(JSON.stringify(value))
}

/** Python's `repr` of a text: single quotes, unless it holds some and no double one. */
export function pythonQuoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  const escaped = text
    .replaceAll('\\', '\\\\')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t')
    .replace(/[\x00-\x1f\x7f]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`)
  return `${quote}${quote === "'" ? escaped.replaceAll("'", "\\'") : escaped}${quote}`
}
