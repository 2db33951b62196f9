import { TemplateSyntaxError } from './syntax.ts'

export interface Token {
  readonly kind: 'name' | 'string' | 'integer' | 'float' | 'operator' | 'end'
  readonly text: string
  readonly offset: number
}

/** A template cut at its tags: text, `{{ … }}` and `{% … %}`; comments are gone, whitespace control applied. */
export interface Segment {
  readonly kind: 'text' | 'output' | 'statement'
  readonly text: string
  readonly tokens: readonly Token[]
  readonly offset: number
}

const tokenPattern =
  /\s+|(?<name>[\p{L}_][\p{L}\p{N}_]*)|(?<float>\d[\d_]*(?:\.\d[\d_]*(?:[eE][+-]?\d+)?|[eE][+-]?\d+))|(?<integer>0[xX][\da-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|\d[\d_]*)|(?<string>"(?:\\[\s\S]|[^"\\])*"|'(?:\\[\s\S]|[^'\\])*')|(?<operator>\*\*|\/\/|==|!=|<=|>=|[-+*/%~<>=|.,:()[\]{}])/uy

export interface Reading {
  readonly start: number
  readonly end: string | undefined
  /** False: a backslash in a quoted text is an ordinary character. */
  readonly escapes: boolean
}

/** Tokens up to `end`; the position after the closing tag is in `next`. Without `end`, the whole text is read. */
export function tokenize(text: string, reading: Reading): { tokens: Token[]; next: number } {
  const { start, end } = reading
  const tokens: Token[] = []
  let depth = 0
  let at = start
  while (at < text.length) {
    const closing = end === undefined || depth > 0 ? undefined : closingAt(text, at, end)
    if (closing !== undefined) return { tokens: [...tokens, endToken(at)], next: closing }
    tokenPattern.lastIndex = at
    const match = tokenPattern.exec(text)
    if (match === null) {
      throw new TemplateSyntaxError(`Unexpected character ${JSON.stringify(text[at])} in an expression`, at)
    }
    const token = tokenOf(match.groups ?? {}, at, reading.escapes)
    if (token !== undefined) tokens.push(token)
    if (token?.kind === 'operator' && '([{'.includes(token.text)) depth += 1
    if (token?.kind === 'operator' && ')]}'.includes(token.text)) depth -= 1
    at = tokenPattern.lastIndex
  }
  if (end !== undefined) throw new TemplateSyntaxError(`The end of the tag is missing: "${end}"`, start)
  return { tokens: [...tokens, endToken(at)], next: at }
}

/** Jinja's defaults as Ansible sets them: a newline after a `{% … %}` is removed. */
export function segments(text: string, escapes: boolean): Segment[] {
  const found: Segment[] = []
  let at = 0
  let stripLeft = false
  const addText = (piece: string, stripRight: boolean, offset: number) => {
    let kept = stripLeft ? piece.trimStart() : piece
    if (stripRight) kept = kept.trimEnd()
    if (kept !== '') found.push({ kind: 'text', text: kept, tokens: [], offset })
  }
  while (at < text.length) {
    const open = nextTag(text, at)
    if (open === undefined) break
    addText(text.slice(at, open.index), text[open.index + 2] === '-', at)
    const tag = readTag(text, open.index, escapes)
    if (tag.segment !== undefined) found.push(tag.segment)
    stripLeft = tag.stripAfter
    at = tag.next
    if (!stripLeft && tag.trimNewline && text[at] === '\n') at += 1
  }
  addText(text.slice(at), false, at)
  return found
}

interface Tag {
  readonly segment: Segment | undefined
  readonly next: number
  readonly stripAfter: boolean
  readonly trimNewline: boolean
}

function readTag(text: string, open: number, escapes: boolean): Tag {
  const kind = text[open + 1]
  if (kind === '#') return readComment(text, open)
  const sign = text[open + 2] ?? ''
  const start = '-+'.includes(sign) && sign !== '' ? open + 3 : open + 2
  const raw = kind === '%' ? readRaw(text, open) : undefined
  if (raw !== undefined) return raw
  const end = kind === '{' ? '}}' : '%}'
  const { tokens, next } = tokenize(text, { start, end, escapes: escapes || kind === '%' })
  return {
    segment: { kind: kind === '{' ? 'output' : 'statement', text: '', tokens, offset: open },
    next,
    stripAfter: text[next - 3] === '-',
    trimNewline: kind === '%' && text[next - 3] !== '+',
  }
}

function readComment(text: string, open: number): Tag {
  const close = text.indexOf('#}', open + 2)
  if (close < 0) throw new TemplateSyntaxError('The end of the comment is missing: "#}"', open)
  return { segment: undefined, next: close + 2, stripAfter: text[close - 1] === '-', trimNewline: true }
}

function readRaw(text: string, open: number): Tag | undefined {
  const begin = /\{%[-+]?\s*raw\s*-?%\}/y
  begin.lastIndex = open
  if (!begin.test(text)) return undefined
  const end = /\{%([-+]?)\s*endraw\s*([-+]?)%\}/g
  end.lastIndex = begin.lastIndex
  const match = end.exec(text)
  if (match === null) throw new TemplateSyntaxError('The "{% endraw %}" of a "{% raw %}" is missing', open)
  const segment: Segment = { kind: 'text', text: text.slice(begin.lastIndex, match.index), tokens: [], offset: open }
  return { segment, next: end.lastIndex, stripAfter: match[2] === '-', trimNewline: true }
}

function nextTag(text: string, from: number): { readonly index: number } | undefined {
  const index = text.slice(from).search(/\{[{%#]/)
  return index < 0 ? undefined : { index: from + index }
}

function closingAt(text: string, at: number, end: string): number | undefined {
  if (text.startsWith(end, at)) return at + end.length
  if ((text[at] === '-' || text[at] === '+') && text.startsWith(end, at + 1)) return at + 1 + end.length
  return undefined
}

function tokenOf(groups: Record<string, string | undefined>, offset: number, escapes: boolean): Token | undefined {
  for (const kind of ['name', 'float', 'integer', 'string', 'operator'] as const) {
    const text = groups[kind]
    if (text !== undefined) return { kind, text: kind === 'string' ? unquote(text, escapes) : text, offset }
  }
  return undefined
}

const controls: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f', v: '\v', a: '\u0007' }

function unquote(text: string, escapes: boolean): string {
  if (!escapes) return text.slice(1, -1)
  return text.slice(1, -1).replace(/\\(x[\da-fA-F]{2}|u[\da-fA-F]{4}|[0-7]{1,3}|\n|[\s\S])/g, (whole, code: string) => {
    if (code === '\n') return ''
    if (/^[xu]./.test(code)) return String.fromCharCode(parseInt(code.slice(1), 16))
    if (/^[0-7]/.test(code)) return String.fromCharCode(parseInt(code, 8))
    return controls[code] ?? (`\\'"`.includes(code) ? code : whole)
  })
}

function endToken(offset: number): Token {
  return { kind: 'end', text: '', offset }
}
