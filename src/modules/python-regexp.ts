import { converted } from './argument-types.ts'

/** A regular expression in Python's spelling, as Ansible's modules take it. */
export const regexp = () => converted('str', 'a regular expression', (value) => textOrUndefined(value))

/** Python's pattern as JavaScript's. Undefined when JavaScript does not know it. */
export function pythonRegExp(pattern: string): RegExp | undefined {
  const flags = /^\(\?([aimsux]+)\)/.exec(pattern)
  const letters = flags?.[1] ?? ''
  // Blanks and comments inside a pattern are Python's alone.
  if (letters.includes('x')) return undefined
  const body = pattern
    .slice(flags?.[0].length ?? 0)
    .replaceAll('(?P<', '(?<')
    .replace(/\(\?P=(\w+)\)/g, '\\k<$1>')
    .replace(/(?<!\\)((?:\\\\)*)\\A/g, '$1(?<![\\s\\S])')
    .replace(/(?<!\\)((?:\\\\)*)\\Z/g, '$1(?![\\s\\S])')
  try {
    return new RegExp(body, [...new Set(letters)].filter((letter) => 'ims'.includes(letter)).join(''))
  } catch {
    return undefined
  }
}

/** Searches one line as Python does: `$` also matches before its line end. */
export function searchLine(pattern: RegExp, line: string): RegExpExecArray | undefined {
  return pattern.exec(line.replace(/\n$/, '')) ?? undefined
}

/** Python's `match.expand`: `\1`, `\g<1>`, `\g<name>` and the usual escapes. */
export function expandTemplate(template: string, match: RegExpExecArray): string {
  return template.replace(/\\(?:g<(\w+)>|([1-9]\d?)|(.))/gs, (all, name?: string, number?: string, letter?: string) => {
    const group = name ?? number
    if (group !== undefined) return (/^\d+$/.test(group) ? match[Number(group)] : match.groups?.[group]) ?? ''
    return { n: '\n', t: '\t', r: '\r', '\\': '\\' }[letter ?? ''] ?? all
  })
}

function textOrUndefined(value: unknown): RegExp | undefined {
  return typeof value === 'string' || typeof value === 'number' ? pythonRegExp(String(value)) : undefined
}
