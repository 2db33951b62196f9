import { EvaluationError, isPlainMap, isSecret, PyFloat } from './value.ts'
import type { RevealListener } from './python.ts'
import { pyText } from './python.ts'

export interface JsonStyle {
  readonly indent?: number | undefined
  readonly sortKeys?: boolean
}

/** JSON as Python's `json.dumps` writes it: a space after `:` and `,`, every non-ASCII character escaped. */
export function pyJson(value: unknown, style: JsonStyle, reveal: RevealListener): string {
  return write(value, { ...style, reveal }, '')
}

interface Writing extends JsonStyle {
  readonly reveal: RevealListener
}

function write(value: unknown, style: Writing, margin: string): string {
  if (value === null || value === undefined) return 'null'
  if (typeof value === 'boolean' || typeof value === 'number') return String(value)
  if (value instanceof PyFloat) return Number.isInteger(value.value) ? `${value.value}.0` : String(value.value)
  if (typeof value === 'string') return quoted(value)
  if (isSecret(value)) return quoted(pyText(value, style.reveal))
  const inner = style.indent === undefined ? '' : margin + ' '.repeat(style.indent)
  if (Array.isArray(value)) {
    const parts = value.map((item) => write(item, style, inner))
    return enclose('[', parts, ']', { style, margin, inner })
  }
  if (!isPlainMap(value)) throw new EvaluationError('The value has no JSON form')
  const keys = style.sortKeys === true ? Object.keys(value).sort() : Object.keys(value)
  const parts = keys.map((key) => `${quoted(key)}: ${write(value[key], style, inner)}`)
  return enclose('{', parts, '}', { style, margin, inner })
}

interface Layout {
  readonly style: Writing
  readonly margin: string
  readonly inner: string
}

function enclose(open: string, parts: readonly string[], close: string, layout: Layout): string {
  if (parts.length === 0) return open + close
  if (layout.style.indent === undefined) return open + parts.join(', ') + close
  return `${open}\n${layout.inner}${parts.join(`,\n${layout.inner}`)}\n${layout.margin}${close}`
}

function quoted(text: string): string {
  return JSON.stringify(text).replace(/[\u007f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
