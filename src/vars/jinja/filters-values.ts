import { parseYaml, yamlValue } from '../../yaml-source.ts'
import { argument, flagArgument, listOf, mapOf, numberArgument, textArgument } from './arguments.ts'
import type { Call, Filter } from './call.ts'
import { member } from './member.ts'
import { pyJson } from './json.ts'
import { pyTruth } from './python.ts'
import {
  EvaluationError,
  force,
  isFloat,
  isMap,
  isPlainMap,
  isSecret,
  numberOf,
  PyFloat,
  typeName,
  Undefined,
  UndefinedError,
} from './value.ts'

/** Filters on single values: defaults, conversions, numbers, mappings. */
export const valueFilters: readonly (readonly [string, Filter])[] = [
  ['default', defaultValue],
  ['d', defaultValue],
  ['mandatory', mandatory],
  ['ternary', ternary],
  ['bool', toBoolean],
  ['int', toInteger],
  [
    'float',
    (value, call) =>
      toFloat(
        parseNumber(value, call, /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i) ?? numberArgument(call, 0, 'default') ?? 0,
      ),
  ],
  ['abs', (value) => sameKind(value, Math.abs(numeric(value)))],
  ['round', round],
  ['pow', (value, call) => numeric(value) ** (numberArgument(call, 0) ?? 1)],
  ['type_debug', (value) => typeDebug(value)],
  [
    'to_json',
    (value, call) =>
      pyJson(
        value,
        { sortKeys: flagArgument(call, 9, 'sort_keys'), indent: numberArgument(call, 9, 'indent') },
        call.machine.reveal,
      ),
  ],
  ['tojson', (value, call) => pyJson(value, { indent: numberArgument(call, 0, 'indent') }, call.machine.reveal)],
  [
    'to_nice_json',
    (value, call) =>
      pyJson(
        value,
        { sortKeys: call.named['sort_keys'] !== false, indent: numberArgument(call, 0, 'indent') ?? 4 },
        call.machine.reveal,
      ),
  ],
  ['from_json', (value, call) => fromJson(call.machine.text(value))],
  ['from_yaml', (value, call) => fromYaml(call.machine.text(value))],
  ['combine', combine],
  ['dict2items', dictToItems],
  ['items2dict', itemsToDict],
  ['items', (value) => Object.entries(mapOf(value))],
  [
    'dictsort',
    (value) => Object.entries(mapOf(value)).sort(([a], [b]) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1)),
  ],
  ['attr', (value, call) => force(member(value, argument(call, 0, 'name'), undefined))],
  ['extract', extract],
  ['human_readable', (value) => humanReadable(numeric(value))],
]

function defaultValue(value: unknown, call: Call): unknown {
  const fallback = () => argument(call, 0, 'default_value') ?? ''
  if (value instanceof Undefined) return fallback()
  try {
    const complete = isMap(value) ? value : force(value)
    return flagArgument(call, 1, 'boolean') && !pyTruth(complete) ? fallback() : complete
  } catch (error) {
    if (error instanceof UndefinedError) return fallback()
    throw error
  }
}

function mandatory(value: unknown, call: Call): unknown {
  if (!(value instanceof Undefined)) return value
  throw new EvaluationError(
    textArgument(call, 0, 'msg') ??
      `Mandatory variable ${value.name === undefined ? '' : `"${value.name}" `}not defined`,
  )
}

function ternary(value: unknown, call: Call): unknown {
  const none = argument(call, 2, 'none_val')
  if (value === null && none !== undefined) return none
  return pyTruth(value) ? argument(call, 0, 'true_val') : argument(call, 1, 'false_val')
}

/** Ansible's `bool`: other values than its words are an error here, where Ansible warns and says false. */
function toBoolean(value: unknown): unknown {
  if (value === null || typeof value === 'boolean') return value
  const number = numberOf(value)
  const word = isSecret(value) ? value.reveal() : typeof value === 'string' ? value : String(number)
  if (['yes', 'on', '1', 'true', 'y', 't'].includes(word.toLowerCase())) return true
  if (['no', 'off', '0', 'false', 'n', 'f', ''].includes(word.toLowerCase())) return false
  throw new EvaluationError(
    `${typeof value === 'string' ? JSON.stringify(value) : typeName(value)} is neither true nor false`,
  )
}

function toInteger(value: unknown, call: Call): number {
  const base = numberArgument(call, 1, 'base') ?? 10
  const fallback = numberArgument(call, 0, 'default') ?? 0
  const number = numberOf(value)
  if (number !== undefined) return Math.trunc(number)
  const text = call.machine
    .text(value)
    .trim()
    .replace(/^0[xob]/i, base === 10 ? '$&' : '')
  if (base !== 10) return Number.isNaN(parseInt(text, base)) ? fallback : parseInt(text, base)
  const parsed = parseNumber(text, call, /^[+-]?(\d[\d_]*\.?\d*|\.\d+)(e[+-]?\d+)?$/i)
  return parsed === undefined ? fallback : Math.trunc(parsed)
}

function parseNumber(value: unknown, call: Call, pattern: RegExp): number | undefined {
  const number = numberOf(value)
  if (number !== undefined) return number
  const text = call.machine.text(value).trim()
  return pattern.test(text) ? Number(text.replaceAll('_', '')) : undefined
}

function toFloat(number: number): unknown {
  return Number.isInteger(number) ? new PyFloat(number) : number
}

function numeric(value: unknown): number {
  const number = numberOf(value)
  if (number === undefined) throw new EvaluationError(`A number is needed, not ${typeName(value)}`)
  return number
}

function sameKind(value: unknown, number: number): unknown {
  return isFloat(value) ? toFloat(number) : number
}

function round(value: unknown, call: Call): unknown {
  const factor = 10 ** (numberArgument(call, 0, 'precision') ?? 0)
  const method = textArgument(call, 1, 'method') ?? 'common'
  const scaled = numeric(value) * factor
  const rounded = method === 'ceil' ? Math.ceil(scaled) : method === 'floor' ? Math.floor(scaled) : halfToEven(scaled)
  return toFloat(rounded / factor)
}

function halfToEven(value: number): number {
  const floor = Math.floor(value)
  if (value - floor !== 0.5) return Math.round(value)
  return floor % 2 === 0 ? floor : floor + 1
}

function typeDebug(value: unknown): string {
  if (value instanceof Undefined) return 'AnsibleUndefined'
  if (value === null) return 'NoneType'
  if (typeof value === 'boolean') return 'bool'
  if (isFloat(value)) return 'float'
  if (typeof value === 'number') return 'int'
  if (isMap(value)) return 'dict'
  return typeof value === 'string' || isSecret(value) ? 'str' : 'list'
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    throw new EvaluationError('The text given to "from_json" is not valid JSON')
  }
}

function fromYaml(text: string): unknown {
  const { root, problems } = parseYaml(text, 'from_yaml')
  if (problems.length > 0) throw new EvaluationError('The text given to "from_yaml" is not valid YAML')
  return root === undefined ? null : yamlValue(root)
}

function combine(value: unknown, call: Call): unknown {
  const maps = [value, ...call.args].flatMap((item) => (Array.isArray(item) ? (item as unknown[]) : [item])).map(mapOf)
  const recursive = flagArgument(call, 99, 'recursive')
  const lists = textArgument(call, 99, 'list_merge') ?? 'replace'
  return maps.reduce((low, high) => merge(mapOf(force(low)), mapOf(force(high)), recursive, lists), {})
}

type PlainMap = Readonly<Record<string, unknown>>

function merge(low: PlainMap, high: PlainMap, recursive: boolean, lists: string): PlainMap {
  const merged: Record<string, unknown> = { ...low }
  for (const [key, value] of Object.entries(high)) {
    const present = Object.hasOwn(merged, key) ? merged[key] : undefined
    if (recursive && isPlainMap(present) && isPlainMap(value)) merged[key] = merge(present, value, recursive, lists)
    else if (Array.isArray(present) && Array.isArray(value)) merged[key] = mergeLists(present, value, lists)
    else merged[key] = value
  }
  return merged
}

function mergeLists(low: readonly unknown[], high: readonly unknown[], how: string): readonly unknown[] {
  switch (how) {
    case 'append':
      return [...low, ...high]
    case 'prepend':
      return [...high, ...low]
    case 'append_rp':
      return [...low.filter((item) => !high.includes(item)), ...high]
    case 'prepend_rp':
      return [...high, ...low.filter((item) => !high.includes(item))]
    case 'keep':
      return low
    default:
      return high
  }
}

function dictToItems(value: unknown, call: Call): unknown {
  const key = textArgument(call, 0, 'key_name') ?? 'key'
  const name = textArgument(call, 1, 'value_name') ?? 'value'
  return Object.entries(mapOf(value)).map(([entryKey, item]) => ({ [key]: entryKey, [name]: item }))
}

function itemsToDict(value: unknown, call: Call): unknown {
  const key = textArgument(call, 0, 'key_name') ?? 'key'
  const name = textArgument(call, 1, 'value_name') ?? 'value'
  return Object.fromEntries(
    listOf(value).map((item) => {
      const entry = mapOf(item)
      if (!Object.hasOwn(entry, key) || !Object.hasOwn(entry, name)) {
        throw new EvaluationError(`"items2dict" needs items with "${key}" and "${name}"`)
      }
      return [call.machine.text(entry[key]), entry[name]]
    }),
  )
}

/** `'name' | extract(container, 'more')`. The container may be lazy, as hostvars is: only what is asked for is made. */
function extract(value: unknown, call: Call): unknown {
  const more = argument(call, 1, 'morekeys')
  const keys = more === undefined || more === null ? [] : Array.isArray(more) ? (more as unknown[]) : [more]
  let found = member(argument(call, 0, 'container'), value, undefined)
  for (const key of keys) found = member(found, key, undefined)
  return found
}

function humanReadable(bytes: number): string {
  const units = ['ZB', 'EB', 'PB', 'TB', 'GB', 'MB', 'KB']
  const index = units.findIndex((_, position) => bytes >= 1024 ** (units.length - position))
  if (index < 0) return `${bytes.toFixed(2)} Bytes`
  return `${(bytes / 1024 ** (units.length - index)).toFixed(2)} ${units[index] ?? ''}`
}
