import { nearest } from '../../nearest.ts'
import type { Expression } from './syntax.ts'
import { entryOf, isList, isMap, keysOf, LazyList, Namespace, Undefined } from './value.ts'

/** `a.b` and `a['b']`: own entries of mappings and elements of lists; what is missing is Undefined, also below it. */
export function member(of: unknown, key: unknown, name: string | undefined): unknown {
  if (of instanceof Undefined) return of
  const label = name === undefined ? `Its value` : `"${name}"`
  if (isMap(of)) {
    const entry = entryOf(of, typeof key === 'string' ? key : String(key))
    if (entry !== undefined) return entry.value
    return new Undefined(`${label} has no entry "${String(key)}"`, undefined, near(String(key), of))
  }
  if (of instanceof Namespace) return of.values.has(String(key)) ? of.values.get(String(key)) : missing(label, key)
  const index = typeof key === 'string' && /^-?\d+$/.test(key) ? Number(key) : key
  if (typeof index === 'number' && (isList(of) || typeof of === 'string')) {
    const length = of instanceof LazyList ? of.length : of.length
    const at = index < 0 ? index + length : index
    if (at < 0 || at >= length) return new Undefined(`${label} has no element ${index}`)
    return of instanceof LazyList ? of.get(at) : of[at]
  }
  return missing(label, key)
}

function missing(label: string, key: unknown): Undefined {
  return new Undefined(`${label} has no entry "${String(key)}"`)
}

function near(key: string, map: Parameters<typeof entryOf>[0]): string | undefined {
  const found = nearest(key, keysOf(map))
  return found === undefined ? undefined : `Did you mean "${found}"?`
}

/** `a.b[0]` as text, to name a place in an error. */
export function nameOf(expression: Expression): string | undefined {
  if (expression.kind === 'name') return expression.name
  if (expression.kind !== 'member' || expression.key.kind !== 'literal') return undefined
  const of = nameOf(expression.of)
  if (of === undefined) return undefined
  const key = expression.key.value
  return expression.dotted ? `${of}.${String(key)}` : `${of}[${JSON.stringify(key)}]`
}
