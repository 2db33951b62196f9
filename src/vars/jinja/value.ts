import { Secret } from '../../secrets/secret.ts'

/**
 * Values as templates see them: null, booleans, numbers, strings, Secrets, arrays and plain objects, and what is
 * defined here. Nothing else can be reached from a template: no prototype, no function, no JavaScript object.
 */

/** Python's float with an integral value, which JavaScript cannot tell from an integer: prints as `2.0`. */
export class PyFloat {
  readonly value: number

  constructor(value: number) {
    this.value = value
  }
}

/** What an undefined name or a missing key gives. Only `default` and `is defined` accept it; any other use throws. */
export class Undefined {
  readonly message: string
  readonly name: string | undefined
  readonly hint: string | undefined

  constructor(message: string, name?: string, hint?: string) {
    this.message = message
    this.name = name
    this.hint = hint
  }
}

/** A mapping whose values are made when they are asked for: hostvars, a variable with templates inside. */
export class LazyMap {
  readonly keys: () => readonly string[]
  /** Called for known keys only. */
  readonly get: (key: string) => unknown
  readonly has: (key: string) => boolean

  constructor(keys: () => readonly string[], get: (key: string) => unknown, has?: (key: string) => boolean) {
    this.keys = keys
    this.get = get
    this.has = has ?? ((key) => keys().includes(key))
  }
}

export class LazyList {
  readonly length: number
  readonly get: (index: number) => unknown

  constructor(length: number, get: (index: number) => unknown) {
    this.length = length
    this.get = get
  }
}

/** `namespace()`: the one thing that `{% set ns.x = 1 %}` may change. */
export class Namespace {
  readonly values = new Map<string, unknown>()
}

export class UndefinedError extends Error {
  readonly undefinedValue: Undefined

  constructor(value: Undefined) {
    super(value.message)
    this.undefinedValue = value
  }
}

/** A template that is valid but cannot be evaluated: wrong types, unknown filter, … */
export class EvaluationError extends Error {
  readonly hint: string | undefined

  constructor(message: string, hint?: string) {
    super(message)
    this.hint = hint
  }
}

export type PlainMap = Readonly<Record<string, unknown>>

export function isPlainMap(value: unknown): value is PlainMap {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

export function isMap(value: unknown): value is PlainMap | LazyMap {
  return value instanceof LazyMap || isPlainMap(value)
}

export function isList(value: unknown): value is readonly unknown[] | LazyList {
  return value instanceof LazyList || Array.isArray(value)
}

export function isSecret(value: unknown): value is Secret {
  return value instanceof Secret
}

export function defined(value: unknown): unknown {
  if (value instanceof Undefined) throw new UndefinedError(value)
  return value
}

/** The whole value with nothing lazy left in it. Throws at anything undefined inside. */
export function force(value: unknown): unknown {
  if (value instanceof Undefined) throw new UndefinedError(value)
  if (Array.isArray(value)) return value.some(needsForce) ? value.map(force) : value
  if (value instanceof LazyList) return items(value).map(force)
  if (value instanceof LazyMap) {
    return Object.fromEntries(value.keys().map((key) => [key, force(value.get(key))]))
  }
  if (isPlainMap(value)) {
    return Object.values(value).some(needsForce)
      ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, force(item)]))
      : value
  }
  return value
}

/** The forced value without Python's floats and namespaces: what leaves the template engine. */
export function native(value: unknown): unknown {
  return withoutPython(force(value))
}

function withoutPython(value: unknown): unknown {
  if (value instanceof PyFloat) return value.value
  if (value instanceof Namespace) return Object.fromEntries(value.values)
  if (Array.isArray(value)) return value.map(withoutPython)
  if (isPlainMap(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutPython(item)]))
  }
  return value
}

function needsForce(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !isSecret(value)
}

/** Elements of a list, characters of a string, keys of a mapping: what Python iterates over. */
export function items(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  if (value instanceof LazyList) return Array.from({ length: value.length }, (_, index) => value.get(index))
  if (typeof value === 'string') return Array.from(value)
  if (isMap(value)) return keysOf(value)
  throw new EvaluationError(`Cannot iterate over ${typeName(value)}`)
}

export function keysOf(value: PlainMap | LazyMap): readonly string[] {
  return value instanceof LazyMap ? value.keys() : Object.keys(value)
}

export function entryOf(value: PlainMap | LazyMap, key: string): { readonly value: unknown } | undefined {
  if (value instanceof LazyMap) return value.has(key) ? { value: value.get(key) } : undefined
  return Object.hasOwn(value, key) ? { value: value[key] } : undefined
}

export function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  if (value instanceof PyFloat) return value.value
  if (typeof value === 'boolean') return value ? 1 : 0
  return undefined
}

export function isFloat(value: unknown): boolean {
  return value instanceof PyFloat || (typeof value === 'number' && !Number.isInteger(value))
}

export function typeName(value: unknown): string {
  if (value === null || value === undefined) return 'none'
  if (typeof value === 'boolean') return 'a boolean'
  if (isFloat(value)) return 'a float'
  if (typeof value === 'number') return 'an integer'
  if (typeof value === 'string') return 'a string'
  if (isSecret(value)) return 'a secret'
  if (isList(value)) return 'a list'
  return 'a mapping'
}
