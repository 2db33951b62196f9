/*
 * Python's `ast.literal_eval`, by which Ansible gives INI values their type: what is no literal stays the string it is.
 * Tuples, sets and lists all become lists there, bytes become text.
 */

export type Literal = string | number | boolean | null | readonly Literal[] | LiteralMap
interface LiteralMap {
  readonly [key: string]: Literal
}

/** The value of a Python literal, or the text itself when it is none. */
export function typedValue(text: string): Literal {
  // The common words need no parser.
  if (/^[A-Za-z][\w.-]*$/.test(text) && !names.has(text)) return text
  const parser = new LiteralParser(text)
  try {
    return parser.whole()
  } catch (error) {
    if (error instanceof NotALiteral) return text
    throw error
  }
}

class NotALiteral extends Error {}

// Thrown for every address and most words of an inventory, so its stack trace is taken once.
const notALiteral = new NotALiteral()

const names: ReadonlyMap<string, Literal> = new Map<string, Literal>([
  ['None', null],
  ['True', true],
  ['False', false],
])

const simpleEscapes: Readonly<Record<string, string>> = {
  '\n': '',
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
}

// A decimal with leading zeros is no Python number unless it is zero, which is why `0644` stays a string.
const integerPattern = /(?:0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|0(?:_?0)*|[1-9](?:_?\d)*)/y
const floatPattern =
  /(?:(?:\d(?:_?\d)*)?\.\d(?:_?\d)*(?:[eE][+-]?\d(?:_?\d)*)?|\d(?:_?\d)*\.(?:[eE][+-]?\d(?:_?\d)*)?|\d(?:_?\d)*[eE][+-]?\d(?:_?\d)*)/y

class LiteralParser {
  readonly #text: string
  #at = 0
  #depth = 0

  constructor(text: string) {
    this.#text = text.replace(/^[ \t]+/, '')
  }

  whole(): Literal {
    const value = this.#tupleOrValue()
    this.#skipSpace()
    // Trailing line ends are allowed, nothing else.
    if (!/^\s*$/.test(this.#text.slice(this.#at))) throw notALiteral
    return value
  }

  /** `1, 2` without parentheses is a tuple. */
  #tupleOrValue(): Literal {
    const first = this.#value()
    if (!this.#accept(',')) return first
    const items = [first]
    while (!this.#atEnd()) {
      items.push(this.#value())
      if (!this.#accept(',')) break
    }
    return items
  }

  #value(): Literal {
    this.#skipSpace()
    const char = this.#peek()
    if (char === '[') return this.#list('[', ']')
    if (char === '(') return this.#parentheses()
    if (char === '{') return this.#braces()
    if (char === '-' || char === '+') return this.#signed(char)
    if (this.#startsString()) return this.#strings()
    if (/[0-9.]/.test(char)) return this.#number()
    return this.#name()
  }

  #list(open: string, close: string): Literal[] {
    this.#expect(open)
    this.#depth += 1
    const items: Literal[] = []
    while (!this.#accept(close)) {
      items.push(this.#value())
      if (this.#accept(',')) continue
      this.#expect(close)
      break
    }
    this.#depth -= 1
    return items
  }

  #parentheses(): Literal {
    const start = this.#at
    const items = this.#list('(', ')')
    const isGroup = items.length === 1 && !/,\s*\)$/.test(this.#text.slice(start, this.#at))
    return isGroup ? (items[0] ?? null) : items
  }

  #braces(): Literal {
    const start = this.#at
    this.#expect('{')
    this.#depth += 1
    if (this.#accept('}')) {
      this.#depth -= 1
      return {}
    }
    this.#value()
    const isDict = this.#accept(':')
    this.#at = start
    this.#depth -= 1
    if (!isDict) return unique(this.#list('{', '}'))
    return this.#dict()
  }

  #dict(): LiteralMap {
    this.#expect('{')
    this.#depth += 1
    const entries: [string, Literal][] = []
    while (!this.#accept('}')) {
      const key = this.#value()
      this.#expect(':')
      entries.push([keyText(key), this.#value()])
      if (this.#accept(',')) continue
      this.#expect('}')
      break
    }
    this.#depth -= 1
    return Object.fromEntries(entries)
  }

  #signed(sign: string): Literal {
    this.#at += 1
    this.#skipSpace()
    const value = this.#number()
    // Too large for a number of ours: see #integer.
    if (typeof value === 'string') return sign === '-' ? `-${value}` : value
    return sign === '-' ? -value : value
  }

  #number(): number | string {
    const float = this.#match(floatPattern)
    if (float !== undefined) {
      const value = Number(float.replaceAll('_', ''))
      if (!Number.isFinite(value)) throw notALiteral
      this.#endOfNumber()
      return value
    }
    if (this.#text.startsWith('...', this.#at)) {
      this.#at += 3
      return '...'
    }
    const digits = this.#match(integerPattern)
    if (digits === undefined) throw notALiteral
    this.#endOfNumber()
    const value = BigInt(digits.replaceAll('_', ''))
    // Python's integers have no limit. Beyond 2^53 ours would change digits, so the digits stay as text.
    return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value.toString()
  }

  #endOfNumber(): void {
    if (/[\w.]/.test(this.#peek())) throw notALiteral
  }

  #startsString(): boolean {
    return /^(?:[rR]|[uU]|[bB]|[rR][bB]|[bB][rR])?['"]/.test(this.#text.slice(this.#at, this.#at + 3))
  }

  /** Adjacent string literals are one string. */
  #strings(): string {
    let text = this.#string()
    for (;;) {
      this.#skipSpace()
      if (!this.#startsString()) return text
      text += this.#string()
    }
  }

  #string(): string {
    const prefix = (this.#match(/[a-zA-Z]*/y) ?? '').toLowerCase()
    const quote = this.#match(/"""|'''|"|'/y) ?? ''
    let text = ''
    for (;;) {
      if (this.#at >= this.#text.length) throw notALiteral
      if (this.#text.startsWith(quote, this.#at)) break
      const char = this.#peek()
      if (char === '\n' && quote.length === 1) throw notALiteral
      if (char === '\\') {
        text += this.#escape(prefix)
      } else {
        text += char
        this.#at += 1
      }
    }
    this.#at += quote.length
    if (prefix.includes('b') && /[^\x00-\x7f]/.test(text)) throw notALiteral
    return text
  }

  #escape(prefix: string): string {
    const next = this.#text.charAt(this.#at + 1)
    if (next === '') throw notALiteral
    this.#at += 2
    if (prefix.includes('r')) return `\\${next}`
    const simple = simpleEscapes[next]
    if (simple !== undefined) return simple
    const octal = /[0-7]/.test(next) ? this.#match(/[0-7]{0,2}/y) : undefined
    if (octal !== undefined) return String.fromCharCode(parseInt(next + octal, 8))
    const length = escapeLength(next, prefix)
    if (length === 0) return `\\${next}`
    const digits = this.#text.slice(this.#at, this.#at + length)
    const code = parseInt(digits, 16)
    if (!/^[0-9a-fA-F]+$/.test(digits) || digits.length < length || code > 0x10ffff) throw notALiteral
    this.#at += length
    return String.fromCodePoint(code)
  }

  #name(): Literal {
    const name = this.#match(/[A-Za-z_]\w*/y)
    if (name === 'set' && this.#accept('(') && this.#accept(')')) return []
    const value = name === undefined ? undefined : names.get(name)
    if (value === undefined) throw notALiteral
    return value
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0]
    if (found !== undefined) this.#at += found.length
    return found
  }

  #accept(char: string): boolean {
    this.#skipSpace()
    if (this.#peek() !== char) return false
    this.#at += 1
    return true
  }

  #expect(char: string): void {
    if (!this.#accept(char)) throw notALiteral
  }

  #atEnd(): boolean {
    this.#skipSpace()
    return this.#at >= this.#text.length
  }

  #peek(): string {
    return this.#text.charAt(this.#at)
  }

  /** Blanks and comments; line ends too, but only inside brackets. */
  #skipSpace(): void {
    this.#match(this.#depth > 0 ? /(?:[ \t\f\r\n]|#[^\n]*)*/y : /(?:[ \t\f]|#[^\n]*)*/y)
  }
}

function escapeLength(letter: string, prefix: string): number {
  if (letter === 'x') return 2
  if (prefix.includes('b')) return 0
  if (letter === 'u') return 4
  if (letter === 'U') return 8
  // Names of characters: no table of them here, so the value stays as written.
  if (letter === 'N') throw notALiteral
  return 0
}

function unique(items: readonly Literal[]): Literal[] {
  return items.filter((item, index) => items.indexOf(item) === index)
}

function keyText(key: Literal): string {
  return typeof key === 'string' ? key : JSON.stringify(key)
}
