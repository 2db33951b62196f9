import { Secret } from './secret.ts'

/** Shorter values are no passwords (Elasticsearch asks for six characters), and masking them would eat ordinary text. */
const shortestRedacted = 4

/**
 * Knows every secret value of a run and masks it in text on its way out, in the forms in which text repeats values:
 * as it is, base64, URL-encoded, JSON-escaped, without quotes.
 */
export class Redactor {
  readonly #forms = new Set<string>()
  #pattern: RegExp | undefined

  add(secret: Secret | string): void {
    const value = typeof secret === 'string' ? secret : secret.reveal()
    if (value.length < shortestRedacted) return
    const before = this.#forms.size
    for (const form of formsOf(value)) this.#forms.add(form)
    if (this.#forms.size > before) this.#pattern = undefined
  }

  redact(text: string): string {
    if (this.#forms.size === 0) return text
    this.#pattern ??= new RegExp(
      [...this.#forms]
        .sort((a, b) => b.length - a.length)
        .map((form) => form.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
        .join('|'),
      'g',
    )
    return text.replace(this.#pattern, '********')
  }

  /** The same for every string inside a value that is about to be written as JSON. Secrets become masks. */
  redactValue(value: unknown): unknown {
    if (typeof value === 'string') return this.redact(value)
    if (Array.isArray(value)) return value.map((item) => this.redactValue(item))
    if (value instanceof Secret) return value.toString()
    if (value instanceof Date) return value.toISOString()
    if (Buffer.isBuffer(value)) return this.redact(value.toString('utf8'))
    if (typeof value === 'object' && value !== null) {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [this.redact(key), this.redactValue(item)]))
    }
    return value
  }
}

function formsOf(value: string): string[] {
  const base64 = Buffer.from(value).toString('base64')
  const forms = [
    value,
    base64,
    base64.replace(/=+$/, ''),
    encodeURIComponent(value),
    JSON.stringify(value).slice(1, -1),
    // A command's words, which are split as a shell does it.
    value.replace(/["'\\]/g, ''),
  ]
  // A multi-line secret (a key in PEM) is also recognised line by line.
  const lines = value.split('\n').filter((line) => line.length >= 16 && !line.startsWith('-----'))
  return [...forms, ...(value.includes('\n') ? lines : [])].filter((form) => form.length >= shortestRedacted)
}
