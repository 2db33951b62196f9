import { argument, flagArgument, listOf, numberArgument, textArgument } from './arguments.ts'
import type { Call, Filter } from './call.ts'
import { member } from './member.ts'
import { pyArithmetic, pyCompare, pyEquals, pyTruth } from './python.ts'
import { EvaluationError, force, isMap, isSecret, keysOf, typeName, Undefined } from './value.ts'

/** Filters on lists. */
export const listFilters: readonly (readonly [string, Filter])[] = [
  ['list', (value) => [...listOf(value)]],
  ['length', lengthOf],
  ['count', lengthOf],
  ['first', (value) => edge(listOf(value), 0)],
  ['last', (value) => edge(listOf(value), -1)],
  ['join', join],
  ['sort', sort],
  [
    'reverse',
    (value) => (typeof value === 'string' ? Array.from(value).reverse().join('') : [...listOf(value)].reverse()),
  ],
  ['unique', (value, call) => unique(listOf(value), call, flagArgument(call, 0, 'case_sensitive'))],
  ['union', (value, call) => unique([...listOf(value), ...other(call)], call)],
  ['intersect', (value, call) => unique(listOf(value), call).filter((item) => holds(other(call), item))],
  ['difference', (value, call) => unique(listOf(value), call).filter((item) => !holds(other(call), item))],
  ['symmetric_difference', symmetricDifference],
  [
    'flatten',
    (value, call) =>
      flatten(listOf(value), numberArgument(call, 0, 'levels') ?? Infinity, call.named['skip_nulls'] !== false),
  ],
  ['map', map],
  ['select', (value, call) => listOf(value).filter((item) => passes(item, call.args, call))],
  ['reject', (value, call) => listOf(value).filter((item) => !passes(item, call.args, call))],
  ['selectattr', (value, call) => listOf(value).filter((item) => attributePasses(item, call))],
  ['rejectattr', (value, call) => listOf(value).filter((item) => !attributePasses(item, call))],
  [
    'sum',
    (value, call) =>
      attributes(value, call).reduce((total, item) => pyArithmetic('+', total, item), argument(call, 1, 'start') ?? 0),
  ],
  ['min', (value, call) => extreme(value, call, -1)],
  ['max', (value, call) => extreme(value, call, 1)],
  ['zip', (value, call) => zip([value, ...call.args].map(listOf), undefined)],
  ['zip_longest', (value, call) => zip([value, ...call.args].map(listOf), { fill: call.named['fillvalue'] ?? null })],
  ['product', (value, call) => product([value, ...call.args].map(listOf))],
  ['batch', (value, call) => batch(listOf(value), numberArgument(call, 0) ?? 1, argument(call, 1))],
  ['groupby', groupBy],
  ['subelements', subelements],
]

function lengthOf(value: unknown): number {
  if (isMap(value)) return keysOf(value).length
  if (isSecret(value)) return Array.from(value.reveal()).length
  return listOf(value).length
}

function edge(list: readonly unknown[], index: number): unknown {
  return list.length === 0 ? new Undefined('The list is empty') : list.at(index)
}

function join(value: unknown, call: Call): string {
  const attribute = argument(call, 1, 'attribute')
  const list = attribute === undefined ? listOf(value) : listOf(value).map((item) => path(item, attribute))
  return list.map((item) => call.machine.text(item)).join(textArgument(call, 0, 'd') ?? '')
}

/** `attribute='a.b'`, as Jinja's make_attrgetter reads it. */
function path(item: unknown, attribute: unknown): unknown {
  const keys = typeof attribute === 'string' ? attribute.split('.') : [attribute]
  return keys.reduce<unknown>((found, key) => member(found, key, undefined), item)
}

function attributes(value: unknown, call: Call): readonly unknown[] {
  const attribute = argument(call, 0, 'attribute')
  return attribute === undefined ? listOf(value) : listOf(value).map((item) => force(path(item, attribute)))
}

function folded(value: unknown, call: Call): unknown {
  return typeof value === 'string' && !flagArgument(call, 9, 'case_sensitive') ? value.toLowerCase() : value
}

function sort(value: unknown, call: Call): unknown {
  const attribute = argument(call, 2, 'attribute')
  const keyOf = (item: unknown): unknown => {
    const key = attribute === undefined ? item : force(path(item, attribute))
    return typeof key === 'string' && !flagArgument(call, 1, 'case_sensitive') ? key.toLowerCase() : key
  }
  const keyed = listOf(value).map((item) => ({ item, key: keyOf(item) }))
  const direction = flagArgument(call, 0, 'reverse') ? -1 : 1
  return keyed.sort((a, b) => direction * pyCompare(a.key, b.key)).map(({ item }) => item)
}

/** The filter `unique` takes no notice of case unless told to; Ansible's set filters do. */
function unique(list: readonly unknown[], call: Call, caseSensitive = true): unknown[] {
  const seen = new Set<unknown>()
  const kept: unknown[] = []
  for (const item of list) {
    const key = caseSensitive ? item : folded(item, call)
    const simple = typeof key === 'string'
    if (simple ? seen.has(key) : holds(kept, key)) continue
    if (simple) seen.add(key)
    kept.push(item)
  }
  return kept
}

function other(call: Call): readonly unknown[] {
  return listOf(argument(call, 0))
}

function holds(list: readonly unknown[], item: unknown): boolean {
  return list.some((candidate) => pyEquals(candidate, item))
}

function symmetricDifference(value: unknown, call: Call): unknown {
  const [left, right] = [unique(listOf(value), call), unique(other(call), call)]
  return [...left.filter((item) => !holds(right, item)), ...right.filter((item) => !holds(left, item))]
}

function flatten(list: readonly unknown[], levels: number, skipNulls: boolean): unknown[] {
  return list.flatMap((item) => {
    if (skipNulls && (item === null || item === 'None' || item === 'null')) return []
    return Array.isArray(item) && levels > 0 ? flatten(item, levels - 1, skipNulls) : [item]
  })
}

function map(value: unknown, call: Call): unknown {
  const attribute = call.named['attribute']
  if (attribute !== undefined) {
    const fallback = call.named['default']
    return listOf(value).map((item) => {
      const found = path(item, attribute)
      return found instanceof Undefined && fallback !== undefined ? fallback : found
    })
  }
  const [name, ...args] = call.args
  if (typeof name !== 'string') throw new EvaluationError('"map" needs the name of a filter or "attribute="')
  return listOf(value).map((item) => call.machine.filter(name, item, { ...call, args }))
}

function passes(item: unknown, [name, ...args]: readonly unknown[], call: Call): boolean {
  if (name === undefined) return pyTruth(item)
  return call.machine.test(call.machine.text(name), item, { ...call, args })
}

function attributePasses(item: unknown, call: Call): boolean {
  const [attribute, ...test] = call.args
  return passes(path(item, attribute), test, call)
}

function extreme(value: unknown, call: Call, direction: number): unknown {
  const attribute = call.named['attribute']
  const keyed = listOf(value).map((item) => ({
    item,
    key: folded(attribute === undefined ? item : force(path(item, attribute)), call),
  }))
  const [first, ...rest] = keyed
  if (first === undefined) return new Undefined('The list is empty')
  return rest.reduce((best, next) => (direction * pyCompare(next.key, best.key) > 0 ? next : best), first).item
}

function zip(lists: readonly (readonly unknown[])[], longest: { readonly fill: unknown } | undefined): unknown {
  const lengths = lists.map((list) => list.length)
  const length = longest === undefined ? Math.min(...lengths) : Math.max(...lengths)
  return Array.from({ length }, (_, index) => lists.map((list) => (index < list.length ? list[index] : longest?.fill)))
}

function product(lists: readonly (readonly unknown[])[]): unknown {
  return lists.reduce<unknown[][]>((rows, list) => rows.flatMap((row) => list.map((item) => [...row, item])), [[]])
}

function batch(list: readonly unknown[], size: number, fill: unknown): unknown {
  const rows: unknown[][] = []
  for (let at = 0; at < list.length; at += Math.max(1, size)) rows.push(list.slice(at, at + Math.max(1, size)))
  const last = rows.at(-1)
  while (fill !== undefined && last !== undefined && last.length < size) last.push(fill)
  return rows
}

function groupBy(value: unknown, call: Call): unknown {
  const attribute = argument(call, 0, 'attribute')
  const groups: { key: unknown; items: unknown[] }[] = []
  for (const item of listOf(value)) {
    const key = force(path(item, attribute))
    const group = groups.find((candidate) => pyEquals(candidate.key, key))
    if (group === undefined) groups.push({ key, items: [item] })
    else group.items.push(item)
  }
  return groups.sort((a, b) => pyCompare(a.key, b.key)).map(({ key, items }) => [key, items])
}

function subelements(value: unknown, call: Call): unknown {
  const list = isMap(value) ? keysOf(value).map((key) => member(value, key, undefined)) : listOf(value)
  const key = argument(call, 0)
  return list.flatMap((item) => {
    const inner = path(item, key)
    if (inner instanceof Undefined && flagArgument(call, 1, 'skip_missing')) return []
    if (!Array.isArray(inner)) throw new EvaluationError(`"subelements" needs lists, not ${typeName(inner)}`)
    return inner.map((element: unknown) => [item, element])
  })
}
