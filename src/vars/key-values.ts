/** Ansible's `key=value` words: quotes and `{{ }}` keep a word together. Quotes stay as written. */
export function splitArgumentWords(text: string): readonly string[] | { readonly problem: string } {
  const words: string[] = []
  let word = ''
  let at = 0
  while (at < text.length) {
    const piece = nextPiece(text, at)
    if (piece === undefined) return { problem: 'A quotation or a template is not closed' }
    if (/^\s+$/.test(piece)) {
      if (word !== '') words.push(word)
      word = ''
    } else word += piece
    at += piece.length
  }
  return word === '' ? words : [...words, word]
}

/** `key` and `value` of a word, the value's outer quotes removed; undefined when the word is no pair. */
export function keyValue(word: string): { readonly key: string; readonly value: string } | undefined {
  const match = /^([^\s='"{]+)=([\s\S]*)$/.exec(word)
  return match === null ? undefined : { key: match[1] ?? '', value: unquoted(match[2] ?? '') }
}

/** Without one pair of outer quotes, as Ansible's `unquote`. */
export function unquoted(text: string): string {
  const first = text.charAt(0)
  const isQuoted = text.length > 1 && (first === '"' || first === "'") && text.endsWith(first) && text.at(-2) !== '\\'
  return isQuoted ? text.slice(1, -1) : text
}

const closers: Readonly<Record<string, string>> = { '{{': '}}', '{%': '%}', '{#': '#}' }

function nextPiece(text: string, at: number): string | undefined {
  const rest = text.slice(at)
  const space = /^\s+/.exec(rest)
  if (space !== null) return space[0]
  const closer = closers[rest.slice(0, 2)]
  if (closer !== undefined) {
    const end = rest.indexOf(closer, 2)
    return end < 0 ? undefined : rest.slice(0, end + 2)
  }
  const quote = rest.charAt(0)
  if (quote === '"' || quote === "'") return quotedPiece(rest, quote)
  return /^\\?[\s\S]/.exec(rest)?.[0]
}

function quotedPiece(rest: string, quote: string): string | undefined {
  for (let end = 1; end < rest.length; end += 1) {
    if (rest[end] === '\\') end += 1
    else if (rest[end] === quote) return rest.slice(0, end + 1)
  }
  return undefined
}
