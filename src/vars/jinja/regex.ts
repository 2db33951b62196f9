import { EvaluationError } from './value.ts'

export interface RegexOptions {
  readonly ignoreCase?: boolean
  readonly multiline?: boolean
  readonly global?: boolean
}

/** A pattern of Python's `re` as JavaScript's: named groups, inline flags and `\A`, `\Z` are translated. */
export function pythonRegex(pattern: string, options: RegexOptions = {}): RegExp {
  const flags = new Set(options.global === true ? ['g'] : [])
  if (options.ignoreCase === true) flags.add('i')
  if (options.multiline === true) flags.add('m')
  const inline = /^\(\?([aimsux]+)\)/.exec(pattern)
  for (const flag of inline?.[1] ?? '') if ('ims'.includes(flag)) flags.add(flag)
  const source = pattern
    .slice(inline?.[0].length ?? 0)
    .replaceAll('(?P<', '(?<')
    .replace(/\(\?P=(\w+)\)/g, '\\k<$1>')
    .replace(/\\A/g, '(?<![\\s\\S])')
    .replace(/\\Z/g, '(?![\\s\\S])')
  try {
    return new RegExp(source, [...flags].join(''))
  } catch {
    throw new EvaluationError(`${JSON.stringify(pattern)} is not a valid regular expression`)
  }
}

/** A replacement text of Python's `re.sub`: `\1`, `\g<1>`, `\g<name>`. */
export function expandReplacement(replacement: string, match: RegExpMatchArray): string {
  return replacement.replace(
    /\\(?:g<(\w+)>|(\d{1,2})|([ntr\\]))/g,
    (whole, name: string, number: string, escape: string) => {
      if (escape !== undefined) return { n: '\n', t: '\t', r: '\r', '\\': '\\' }[escape] ?? whole
      const group = name ?? number
      return (/^\d+$/.test(group) ? match[Number(group)] : match.groups?.[group]) ?? ''
    },
  )
}
