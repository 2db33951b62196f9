import { TaskError } from '../errors.ts'

/** A command line as words, quoted as for a POSIX shell but with nothing expanded (Python's shlex, as Ansible). */
export function splitWords(line: string): readonly string[] {
  const words: string[] = []
  let word: string | undefined
  for (let at = 0; at < line.length; at++) {
    const letter = line.charAt(at)
    if (/\s/.test(letter)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else if (letter === '\\') {
      at += 1
      if (at === line.length) throw new TaskError(`Nothing follows the last backslash of "${line}"`)
      word = (word ?? '') + line.charAt(at)
    } else if (letter === "'" || letter === '"') {
      const quoted = quotedText(line, at)
      word = (word ?? '') + quoted.text
      at = quoted.end
    } else word = (word ?? '') + letter
  }
  if (word !== undefined) words.push(word)
  return words
}

function quotedText(line: string, start: number): { readonly text: string; readonly end: number } {
  const mark = line.charAt(start)
  let text = ''
  for (let at = start + 1; at < line.length; at++) {
    const letter = line.charAt(at)
    if (letter === mark) return { text, end: at }
    const next = line.charAt(at + 1)
    if (mark === '"' && letter === '\\' && (next === '"' || next === '\\')) {
      text += next
      at += 1
    } else text += letter
  }
  throw new TaskError(`A quotation in "${line}" is not closed`)
}
