import { pythonQuoted } from '../../inventory/python-text.ts'
import {
  EvaluationError,
  force,
  isFloat,
  isList,
  isMap,
  isPlainMap,
  isSecret,
  items,
  keysOf,
  LazyList,
  Namespace,
  numberOf,
  PyFloat,
  typeName,
  defined,
} from './value.ts'

/** Told of every secret whose text goes into another text, so that what is printed can be masked. */
export type RevealListener = (text: string) => void

/** Python's `str()`. */
export function pyText(input: unknown, reveal: RevealListener): string {
  const value = force(input)
  if (typeof value === 'string') return value
  if (isSecret(value)) {
    const text = value.reveal()
    reveal(text)
    return text
  }
  return pyRepr(value, reveal)
}

/** Python's `repr()`. */
export function pyRepr(value: unknown, reveal: RevealListener): string {
  if (value === null || value === undefined) return 'None'
  if (value === true) return 'True'
  if (value === false) return 'False'
  if (typeof value === 'number') return floatText(value)
  if (value instanceof PyFloat)
    return Number.isInteger(value.value) ? `${floatText(value.value)}.0` : floatText(value.value)
  if (typeof value === 'string') return pythonQuoted(value)
  if (isSecret(value)) return pythonQuoted(pyText(value, reveal))
  if (Array.isArray(value)) return `[${value.map((item) => pyRepr(item, reveal)).join(', ')}]`
  if (value instanceof Namespace) return '<Namespace>'
  if (isPlainMap(value)) {
    return `{${Object.entries(value)
      .map(([key, item]) => `${pythonQuoted(key)}: ${pyRepr(item, reveal)}`)
      .join(', ')}}`
  }
  throw new EvaluationError(`${typeName(value)} has no text`)
}

function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  return String(value).replace(/e([+-])(\d)$/, 'e$10$2')
}

export function pyTruth(input: unknown): boolean {
  const value = defined(input)
  if (value === null || value === undefined) return false
  const number = numberOf(value)
  if (number !== undefined) return number !== 0
  if (typeof value === 'string') return value !== ''
  if (isSecret(value)) return value.reveal() !== ''
  if (value instanceof LazyList) return value.length > 0
  if (Array.isArray(value)) return value.length > 0
  if (isMap(value)) return keysOf(value).length > 0
  return true
}

export function pyEquals(left: unknown, right: unknown): boolean {
  const a = defined(left)
  const b = defined(right)
  const [x, y] = [numberOf(a), numberOf(b)]
  if (x !== undefined || y !== undefined) return x === y
  if (isSecret(a) || isSecret(b)) return plainText(a) !== undefined && plainText(a) === plainText(b)
  if (isList(a) && isList(b)) {
    const [m, n] = [items(a), items(b)]
    return m.length === n.length && m.every((item, index) => pyEquals(item, n[index]))
  }
  if (isMap(a) && isMap(b)) return mapsEqual(a, b)
  return (a ?? null) === (b ?? null)
}

function mapsEqual(left: unknown, right: unknown): boolean {
  const a = force(left) as Record<string, unknown>
  const b = force(right) as Record<string, unknown>
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && pyEquals(a[key], b[key]))
}

/** Negative, zero or positive; throws for types that have no order. */
export function pyCompare(left: unknown, right: unknown): number {
  const a = defined(left)
  const b = defined(right)
  const [x, y] = [numberOf(a), numberOf(b)]
  if (x !== undefined && y !== undefined) return x - y
  const [s, t] = [plainText(a), plainText(b)]
  if (s !== undefined && t !== undefined) return compareText(s, t)
  if (isList(a) && isList(b)) return compareLists(items(a), items(b))
  throw new EvaluationError(`${capital(typeName(a))} and ${typeName(b)} cannot be compared`)
}

function compareLists(a: readonly unknown[], b: readonly unknown[]): number {
  for (let index = 0; index < Math.min(a.length, b.length); index += 1) {
    if (!pyEquals(a[index], b[index])) return pyCompare(a[index], b[index])
  }
  return a.length - b.length
}

/** Python compares code points, JavaScript UTF-16 units. */
function compareText(a: string, b: string): number {
  const [x, y] = [Array.from(a), Array.from(b)]
  for (let index = 0; index < Math.min(x.length, y.length); index += 1) {
    const difference = (x[index]?.codePointAt(0) ?? 0) - (y[index]?.codePointAt(0) ?? 0)
    if (difference !== 0) return difference
  }
  return x.length - y.length
}

export function pyContains(container: unknown, item: unknown): boolean {
  const value = defined(container)
  const text = plainText(value)
  if (text !== undefined) {
    const part = plainText(defined(item))
    if (part === undefined) throw new EvaluationError(`"in" a string needs a string, not ${typeName(item)}`)
    return text.includes(part)
  }
  if (isMap(value)) return typeof item === 'string' && keysOf(value).includes(item)
  if (isList(value)) return items(value).some((candidate) => pyEquals(candidate, item))
  throw new EvaluationError(`"in" needs a list, a mapping or a string, not ${typeName(value)}`)
}

/** A string's or a secret's text, for comparing only: it is not revealed to anything that prints. */
export function plainText(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  return isSecret(value) ? value.reveal() : undefined
}

export function pyArithmetic(operator: string, left: unknown, right: unknown): unknown {
  const a = force(left)
  const b = force(right)
  const [x, y] = [numberOf(a), numberOf(b)]
  if (x !== undefined && y !== undefined) {
    return arithmeticResult(operator, x, y, isFloat(a) || isFloat(b))
  }
  if (operator === '+' && typeof a === 'string' && typeof b === 'string') return a + b
  if (operator === '+' && Array.isArray(a) && Array.isArray(b)) return [...(a as unknown[]), ...(b as unknown[])]
  if (operator === '*' && typeof a === 'string' && y !== undefined) return a.repeat(Math.max(y, 0))
  if (operator === '*' && Array.isArray(a) && y !== undefined) return Array<unknown[]>(Math.max(y, 0)).fill(a).flat()
  throw new EvaluationError(`"${operator}" does not work on ${typeName(a)} and ${typeName(b)}`, hintFor(operator))
}

function hintFor(operator: string): string | undefined {
  return operator === '+' ? 'Join texts with "~", or convert with "| int" or "| string"' : undefined
}

function arithmeticResult(operator: string, x: number, y: number, float: boolean): unknown {
  if (['/', '//', '%'].includes(operator) && y === 0) throw new EvaluationError('Division by zero')
  const number = calculate(operator, x, y)
  const isFloatResult = float || operator === '/' || (operator === '**' && y < 0)
  return isFloatResult && Number.isInteger(number) ? new PyFloat(number) : number
}

function calculate(operator: string, x: number, y: number): number {
  switch (operator) {
    case '+':
      return x + y
    case '-':
      return x - y
    case '*':
      return x * y
    case '/':
      return x / y
    case '//':
      return Math.floor(x / y)
    case '%':
      return x - y * Math.floor(x / y)
    case '**':
      return x ** y
    default:
      throw new EvaluationError(`Unknown operator "${operator}"`)
  }
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
