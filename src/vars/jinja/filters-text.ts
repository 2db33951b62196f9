import { createHash } from 'node:crypto'
import { posix } from 'node:path'
import { argument, flagArgument, numberArgument, requiredText, textArgument } from './arguments.ts'
import type { Call, Filter } from './call.ts'
import { callMethod, split } from './methods.ts'
import { expandReplacement, pythonRegex } from './regex.ts'
import { EvaluationError, numberOf } from './value.ts'

/** Filters on texts. A secret given to one of them becomes text, and is told to the redactor. */
export const textFilters: readonly (readonly [string, Filter])[] = [
  ...['upper', 'lower', 'title', 'capitalize', 'splitlines'].map(asMethod),
  ['string', (value, call) => call.machine.text(value)],
  ['trim', (value, call) => callMethod(call.machine.text(value), 'strip', call)],
  ['replace', (value, call) => callMethod(call.machine.text(value), 'replace', call)],
  ['split', (value, call) => split(call.machine.text(value), textArgument(call, 0), numberArgument(call, 1))],
  ['b64encode', (value, call) => Buffer.from(call.machine.text(value), 'utf8').toString('base64')],
  ['b64decode', (value, call) => Buffer.from(call.machine.text(value), 'base64').toString('utf8')],
  ['basename', (value, call) => afterLastSlash(call.machine.text(value))],
  ['dirname', (value, call) => beforeLastSlash(call.machine.text(value))],
  ['splitext', (value, call) => splitExtension(call.machine.text(value))],
  [
    'path_join',
    (value, call) => (Array.isArray(value) ? value : [value]).map((part) => call.machine.text(part)).reduce(joinPath),
  ],
  ['normpath', (value, call) => posix.normalize(call.machine.text(value)).replace(/(.)\/$/, '$1')],
  ['quote', (value, call) => quote(call.machine.text(value))],
  [
    'comment',
    (value, call) =>
      `#\n${call.machine
        .text(value)
        .split('\n')
        .map((line) => `# ${line}`.trimEnd())
        .join('\n')}\n#`,
  ],
  ['indent', indent],
  ['wordcount', (value, call) => split(call.machine.text(value), undefined).length],
  ['truncate', truncate],
  ['center', (value, call) => center(call.machine.text(value), numberArgument(call, 0, 'width') ?? 80)],
  ['format', (value, call) => format(call.machine.text(value), call)],
  ['regex_replace', regexReplace],
  ['regex_search', regexSearch],
  ['regex_findall', regexFindAll],
  ['regex_escape', (value, call) => call.machine.text(value).replace(/[^\w]/g, '\\$&')],
  ['hash', (value, call) => digest(textArgument(call, 0, 'hashtype') ?? 'sha1', call.machine.text(value))],
  ['checksum', (value, call) => digest('sha1', call.machine.text(value))],
  ['md5', (value, call) => digest('md5', call.machine.text(value))],
  ['sha1', (value, call) => digest('sha1', call.machine.text(value))],
  ['urlencode', (value, call) => urlEncode(call.machine.text(value))],
  ...['escape', 'e'].map((name): readonly [string, Filter] => [
    name,
    (value, call) => escapeHtml(call.machine.text(value)),
  ]),
  ['safe', (value, call) => call.machine.text(value)],
]

function asMethod(name: string): readonly [string, Filter] {
  return [name, (value, call) => callMethod(call.machine.text(value), name, call)]
}

function afterLastSlash(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

function beforeLastSlash(path: string): string {
  const head = path.slice(0, path.lastIndexOf('/') + 1)
  return /^\/*$/.test(head) ? head : head.replace(/\/+$/, '')
}

function splitExtension(path: string): readonly string[] {
  const match = /^(.*[^/.][^/]*)(\.[^./]*)$/s.exec(path)
  return match === null ? [path, ''] : [match[1] ?? '', match[2] ?? '']
}

function joinPath(base: string, part: string): string {
  if (part.startsWith('/')) return part
  return base === '' || base.endsWith('/') ? base + part : `${base}/${part}`
}

/** Python's shlex.quote. */
function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`
}

function indent(value: unknown, call: Call): string {
  const width = argument(call, 0, 'width') ?? 4
  const padding = typeof width === 'string' ? width : ' '.repeat(numberOf(width) ?? 4)
  const blank = flagArgument(call, 2, 'blank')
  const [first = '', ...rest] = call.machine.text(value).split('\n')
  const lines = rest.map((line) => (line === '' && !blank ? line : padding + line))
  return [flagArgument(call, 1, 'first') ? padding + first : first, ...lines].join('\n')
}

function truncate(value: unknown, call: Call): string {
  const text = call.machine.text(value)
  const length = numberArgument(call, 0, 'length') ?? 255
  const end = textArgument(call, 2, 'end') ?? '...'
  if (text.length <= length + (numberArgument(call, 3, 'leeway') ?? 5)) return text
  const cut = text.slice(0, length - end.length)
  return (
    (flagArgument(call, 1, 'killwords') ? cut : cut.slice(0, Math.max(cut.lastIndexOf(' '), 0) || cut.length)) + end
  )
}

function center(text: string, width: number): string {
  const left = Math.max(0, Math.floor((width - text.length) / 2))
  return (' '.repeat(left) + text).padEnd(width)
}

/** Python's `%` formatting: `%s %d %05.2f %x %%`. */
function format(pattern: string, call: Call): string {
  let index = 0
  return pattern.replace(
    /%(?:\((\w+)\))?([-+0 #]*)(\d*)(?:\.(\d+))?([sdifxXor%])/g,
    (_, ...groups: (string | undefined)[]) => {
      const [name, flags = '', width = '', precision, type] = groups
      if (type === '%') return '%'
      const value = name === undefined ? call.args[index++] : call.named[name]
      if (value === undefined) throw new EvaluationError('The format has more fields than there are values')
      const body = formatOne(value, type ?? 's', precision, call)
      const signed = flags.includes('+') && numberOf(value) !== undefined && !body.startsWith('-') ? `+${body}` : body
      if (flags.includes('-')) return signed.padEnd(Number(width))
      if (!flags.includes('0')) return signed.padStart(Number(width))
      const sign = /^[-+]/.exec(signed)?.[0] ?? ''
      return sign + signed.slice(sign.length).padStart(Number(width) - sign.length, '0')
    },
  )
}

function formatOne(value: unknown, type: string, precision: string | undefined, call: Call): string {
  if (type === 's' || type === 'r') {
    const text = call.machine.text(value)
    return precision === undefined ? text : text.slice(0, Number(precision))
  }
  const number = numberOf(value)
  if (number === undefined) throw new EvaluationError(`"%${type}" needs a number`)
  if (type === 'f') return number.toFixed(precision === undefined ? 6 : Number(precision))
  const digits = Math.trunc(number).toString(type === 'o' ? 8 : type.toLowerCase() === 'x' ? 16 : 10)
  return type === 'X' ? digits.toUpperCase() : digits
}

function regexOptions(call: Call) {
  return { ignoreCase: flagArgument(call, 9, 'ignorecase'), multiline: flagArgument(call, 9, 'multiline') }
}

function regexReplace(value: unknown, call: Call): string {
  const pattern = pythonRegex(requiredText(call, 0, 'pattern'), { ...regexOptions(call), global: true })
  const replacement = textArgument(call, 1, 'replacement') ?? ''
  const limit = numberArgument(call, 9, 'count') ?? 0
  const text = call.machine.text(value)
  let result = ''
  let at = 0
  let count = 0
  for (const match of text.matchAll(pattern)) {
    if (limit > 0 && count >= limit) break
    result += text.slice(at, match.index) + expandReplacement(replacement, match)
    at = match.index + match[0].length
    count += 1
  }
  return result + text.slice(at)
}

/** The match, or null; with group names (`'\\1'`, `'\\g<name>'`) the list of those groups. */
function regexSearch(value: unknown, call: Call): unknown {
  const match = pythonRegex(requiredText(call, 0, 'pattern'), regexOptions(call)).exec(call.machine.text(value))
  if (match === null) return null
  const groups = call.args.slice(1).map((group) => call.machine.text(group))
  return groups.length === 0 ? match[0] : groups.map((group) => expandReplacement(group, match))
}

function regexFindAll(value: unknown, call: Call): unknown {
  const pattern = pythonRegex(requiredText(call, 0, 'pattern'), { ...regexOptions(call), global: true })
  return [...call.machine.text(value).matchAll(pattern)].map((match) => {
    if (match.length <= 2) return match[1] ?? match[0]
    return match.slice(1).map((group: string | undefined) => group ?? '')
  })
}

function digest(algorithm: string, text: string): string {
  if (!['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512'].includes(algorithm)) {
    throw new EvaluationError(`There is no hash "${algorithm}"`)
  }
  return createHash(algorithm).update(text, 'utf8').digest('hex')
}

function urlEncode(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%2F', '/')
}

function escapeHtml(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&#34;',
    "'": '&#39;',
  }
  return text.replace(/[&<>"']/g, (c) => entities[c] ?? c)
}
