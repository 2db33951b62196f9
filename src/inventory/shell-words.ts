/*
 * Python's `shlex.split(line, comments=True)`, by which Ansible splits a host line: `#` starts a comment anywhere
 * outside quotes, even inside a word.
 */

/** A word with its quotes removed, and where in the line it begins (counted from 0). */
export interface Word {
  readonly text: string
  readonly offset: number
}

/** The words, or what is wrong with the line in Python's own words. */
export type Words =
  | { readonly kind: 'words'; readonly words: readonly Word[] }
  | { readonly kind: 'unfinished'; readonly problem: 'No closing quotation' | 'No escaped character' }

export function splitWords(line: string): Words {
  const words: Word[] = []
  let at = 0
  for (;;) {
    while (at < line.length && isSpace(line.charAt(at))) at += 1
    if (at >= line.length || line.charAt(at) === '#') return { kind: 'words', words }
    const word = readWord(line, at)
    if (typeof word === 'string') return { kind: 'unfinished', problem: word }
    words.push({ text: word.text, offset: at })
    at = word.end
  }
}

function readWord(line: string, start: number) {
  let text = ''
  let at = start
  while (at < line.length) {
    const char = line.charAt(at)
    if (isSpace(char) || char === '#') break
    if (char === '\\') {
      if (at + 1 >= line.length) return 'No escaped character'
      text += line.charAt(at + 1)
      at += 2
    } else if (char === "'" || char === '"') {
      const quoted = readQuoted(line, at)
      if (typeof quoted === 'string') return quoted
      text += quoted.text
      at = quoted.end
    } else {
      text += char
      at += 1
    }
  }
  return { text, end: at }
}

function readQuoted(line: string, start: number) {
  const quote = line.charAt(start)
  let text = ''
  for (let at = start + 1; at < line.length; at += 1) {
    const char = line.charAt(at)
    if (char === quote) return { text, end: at + 1 }
    if (char === '\\' && quote === '"') {
      at += 1
      const next = line.charAt(at)
      if (next === '') return 'No escaped character'
      // Inside double quotes a backslash protects only itself and the quote.
      text += next === '\\' || next === '"' ? next : char + next
    } else {
      text += char
    }
  }
  return 'No closing quotation'
}

function isSpace(char: string): boolean {
  return char === ' ' || char === '\t' || char === '\r' || char === '\n'
}
