import type { Call } from './call.ts'
import { pyEquals } from './python.ts'
import {
  EvaluationError,
  entryOf,
  isMap,
  isSecret,
  keysOf,
  type LazyMap,
  type PlainMap,
  numberOf,
  typeName,
} from './value.ts'

type Method<Self> = (self: Self, call: Call) => unknown

/** Python's methods that playbooks use. Only these can be called on a value. */
export function callMethod(value: unknown, name: string, call: Call): unknown {
  const self = isSecret(value) ? call.machine.text(value) : value
  const method = methodOf(self, name)
  if (method === undefined)
    throw new EvaluationError(`${typeName(self).replace(/^an? /, 'A ')} has no method "${name}"`)
  return method(call)
}

function methodOf(self: unknown, name: string): ((call: Call) => unknown) | undefined {
  if (typeof self === 'string') return bind(stringMethods, self, name)
  if (Array.isArray(self)) return bind(listMethods, self as readonly unknown[], name)
  if (isMap(self)) return bind(mapMethods, self, name)
  return undefined
}

function bind<Self>(methods: Readonly<Record<string, Method<Self>>>, self: Self, name: string) {
  const method = Object.hasOwn(methods, name) ? methods[name] : undefined
  return method === undefined ? undefined : (call: Call) => method(self, call)
}

const stringMethods: Readonly<Record<string, Method<string>>> = {
  upper: (self) => self.toUpperCase(),
  lower: (self) => self.toLowerCase(),
  title: (self) => self.toLowerCase().replace(/\p{L}+/gu, (word) => word.charAt(0).toUpperCase() + word.slice(1)),
  capitalize: (self) => self.charAt(0).toUpperCase() + self.slice(1).toLowerCase(),
  strip: (self, call) => stripLeft(stripRight(self, textArg(call, 0)), textArg(call, 0)),
  lstrip: (self, call) => stripLeft(self, textArg(call, 0)),
  rstrip: (self, call) => stripRight(self, textArg(call, 0)),
  split: (self, call) => split(self, textArg(call, 0), numberOf(call.args[1])),
  rsplit: (self, call) => rsplit(self, textArg(call, 0), numberOf(call.args[1])),
  splitlines: (self) =>
    self
      .replace(/(\r\n|\n|\r)$/, '')
      .split(/\r\n|\n|\r/)
      .filter((_, __, all) => all.join('') !== '' || self !== ''),
  startswith: (self, call) => texts(call.args[0]).some((text) => self.startsWith(text)),
  endswith: (self, call) => texts(call.args[0]).some((text) => self.endsWith(text)),
  replace: (self, call) => replace(self, call),
  find: (self, call) => self.indexOf(textArg(call, 0) ?? ''),
  count: (self, call) => self.split(textArg(call, 0) ?? '').length - 1,
  join: (self, call) => (call.args[0] as readonly unknown[]).map((item) => call.machine.text(item)).join(self),
  isdigit: (self) => /^\d+$/.test(self),
  isalpha: (self) => /^\p{L}+$/u.test(self),
  isalnum: (self) => /^[\p{L}\p{N}]+$/u.test(self),
  zfill: (self, call) => self.padStart(numberOf(call.args[0]) ?? 0, '0'),
  ljust: (self, call) => self.padEnd(numberOf(call.args[0]) ?? 0, textArg(call, 1) ?? ' '),
  rjust: (self, call) => self.padStart(numberOf(call.args[0]) ?? 0, textArg(call, 1) ?? ' '),
  removeprefix: (self, call) => withoutPrefix(self, textArg(call, 0) ?? ''),
  removesuffix: (self, call) => withoutSuffix(self, textArg(call, 0) ?? ''),
  format: (self, call) => formatBraces(self, call),
}

const listMethods: Readonly<Record<string, Method<readonly unknown[]>>> = {
  index: (self, call) => {
    const found = self.findIndex((item) => pyEquals(item, call.args[0]))
    if (found < 0) throw new EvaluationError('The value is not in the list')
    return found
  },
  count: (self, call) => self.filter((item) => pyEquals(item, call.args[0])).length,
}

const mapMethods: Readonly<Record<string, Method<PlainMap | LazyMap>>> = {
  get: (self, call) => {
    const entry = entryOf(self, String(call.args[0]))
    return entry === undefined ? (call.args[1] ?? null) : entry.value
  },
  keys: (self) => keysOf(self),
  values: (self) => keysOf(self).map((key) => entryOf(self, key)?.value),
  items: (self) => keysOf(self).map((key) => [key, entryOf(self, key)?.value]),
}

function textArg(call: Call, index: number): string | undefined {
  const value = call.args[index]
  return value === undefined || value === null ? undefined : call.machine.text(value)
}

function texts(value: unknown): readonly string[] {
  return (Array.isArray(value) ? value : [value]).map(String)
}

function stripLeft(text: string, characters: string | undefined): string {
  if (characters === undefined) return text.trimStart()
  let at = 0
  while (at < text.length && characters.includes(text.charAt(at))) at += 1
  return text.slice(at)
}

function stripRight(text: string, characters: string | undefined): string {
  if (characters === undefined) return text.trimEnd()
  let end = text.length
  while (end > 0 && characters.includes(text.charAt(end - 1))) end -= 1
  return text.slice(0, end)
}

export function split(text: string, separator: string | undefined, limit = -1): string[] {
  if (separator === undefined) {
    const words = text.trim().split(/\s+/)
    if (words[0] === '') return []
    return limit < 0 || words.length <= limit ? words : splitWords(text.trimStart(), limit)
  }
  if (separator === '') throw new EvaluationError('An empty separator cannot split')
  const parts = text.split(separator)
  if (limit < 0 || parts.length <= limit) return parts
  return [...parts.slice(0, limit), parts.slice(limit).join(separator)]
}

function splitWords(text: string, limit: number): string[] {
  const words: string[] = []
  let rest = text
  while (words.length < limit) {
    const match = /^(\S+)\s*/.exec(rest)
    if (match === null) return words
    words.push(match[1] ?? '')
    rest = rest.slice(match[0].length)
  }
  return rest === '' ? words : [...words, rest]
}

function rsplit(text: string, separator: string | undefined, limit = -1): string[] {
  const parts = split(text, separator)
  if (limit < 0 || parts.length <= limit) return parts
  const cut = parts.length - limit
  return [parts.slice(0, cut).join(separator ?? ' '), ...parts.slice(cut)]
}

function replace(self: string, call: Call): string {
  const [from, to] = [textArg(call, 0) ?? '', textArg(call, 1) ?? '']
  const limit = numberOf(call.args[2])
  return limit === undefined ? self.split(from).join(to) : split(self, from, limit).join(to)
}

function withoutPrefix(text: string, prefix: string): string {
  return text.startsWith(prefix) ? text.slice(prefix.length) : text
}

function withoutSuffix(text: string, suffix: string): string {
  return suffix !== '' && text.endsWith(suffix) ? text.slice(0, -suffix.length) : text
}

/** `'{} {0} {name}'.format(…)`: only plain fields; attribute access is how Python's format leaks objects. */
function formatBraces(self: string, call: Call): string {
  let automatic = 0
  return self.replace(/\{\{|\}\}|\{([^{}]*)\}/g, (whole, field: string | undefined) => {
    if (field === undefined) return whole.charAt(0)
    if (!/^\w*$/.test(field)) throw new EvaluationError(`The format field "${field}" is not supported`)
    const index = field === '' ? automatic++ : /^\d+$/.test(field) ? Number(field) : undefined
    const value = index === undefined ? call.named[field] : call.args[index]
    if (value === undefined) throw new EvaluationError(`The format field "${field}" has no value`)
    return call.machine.text(value)
  })
}
