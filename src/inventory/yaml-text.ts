import { Secret } from '../secrets/secret.ts'
import { VaultedValue } from '../secrets/vaulted-value.ts'
import { UnsafeText } from './unsafe-text.ts'

/** A value as YAML in block style. Vaulted values are written as `!vault` with their envelope. */
export function yamlText(value: unknown): string {
  return `${block(value, '').replace(/^\n/, '')}\n`
}

/** What follows a key or a dash; begins with a line end when it is a block of its own, else with no space. */
function block(value: unknown, indent: string): string {
  if (value instanceof VaultedValue) {
    const lines = value.envelope.trim().split(/\r?\n/)
    return ['!vault |', ...lines.map((line) => `${indent}  ${line.trim()}`)].join('\n')
  }
  if (value instanceof UnsafeText) return `!unsafe ${scalar(value.text)}`
  if (value instanceof Secret) return scalar(value.reveal())
  if (Array.isArray(value)) return value.length === 0 ? '[]' : list(value, indent)
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value)
    return entries.length === 0 ? '{}' : map(entries, indent)
  }
  return scalar(value)
}

function map(entries: readonly (readonly [string, unknown])[], indent: string): string {
  return entries
    .map(([key, item]) => {
      // A list may stand as far left as its key, and everything else is indented.
      const text = block(item, Array.isArray(item) || isScalar(item) ? indent : `${indent}  `)
      return `\n${indent}${scalar(key)}:${text.startsWith('\n') ? '' : ' '}${text}`
    })
    .join('')
}

function list(items: readonly unknown[], indent: string): string {
  return items
    .map((item) => {
      const text = block(item, `${indent}  `)
      return `\n${indent}- ${text.startsWith('\n') ? text.trimStart() : text}`
    })
    .join('')
}

function isScalar(value: unknown): boolean {
  return typeof value !== 'object' || value === null || value instanceof Secret || value instanceof UnsafeText
}

// Words and numbers that YAML 1.1 would read as something else than text.
const notText = /^(?:~|null|true|false|yes|no|on|off|y|n|[-+]?[.\d][\d_.,:eExXoObBa-fA-F+-]*|[-+]?\.(?:inf|nan)|=|<<)$/i

function scalar(value: unknown): string {
  if (typeof value !== 'string') return value === undefined ? 'null' : JSON.stringify(value)
  if (/^[\p{L}\p{N}_/.][\p{L}\p{N}_ /.@+-]*$/u.test(value) && !value.endsWith(' ') && !notText.test(value)) return value
  if (/[\x00-\x1f\x7f\x85\u2028\u2029\ufeff]/.test(value)) return JSON.stringify(value)
  return `'${value.replaceAll("'", "''")}'`
}
