import { nearest } from '../../nearest.ts'
import type { Call, Caller, Library } from './call.ts'
import { member, nameOf } from './member.ts'
import { callMethod } from './methods.ts'
import { Names, type Resolve } from './names.ts'
import { pyArithmetic, pyCompare, pyContains, pyEquals, pyText, pyTruth, type RevealListener } from './python.ts'
import type { Arguments, Expression } from './syntax.ts'
import {
  defined,
  EvaluationError,
  force,
  isList,
  isMap,
  isSecret,
  items,
  numberOf,
  PyFloat,
  typeName,
  Undefined,
} from './value.ts'

/** Filters and tests that accept undefined values. */
const tolerant = new Set(['default', 'd', 'defined', 'undefined', 'mandatory', 'type_debug'])

/** Filters that leave the elements alone: `groups.x | map('extract', hostvars) | map(attribute='y')` makes only the ys. */
const lazy = new Set([
  'map',
  'select',
  'reject',
  'selectattr',
  'rejectattr',
  'list',
  'length',
  'count',
  'first',
  'last',
])

/** A loop in a template must not hang the controller. */
const maximumSteps = 1_000_000

/** Evaluates the expressions of one template, or one alone. */
export class Machine implements Caller {
  readonly reveal: RevealListener
  readonly library: Library
  readonly names: Names
  #steps = 0

  constructor(library: Library, resolve: Resolve, reveal: RevealListener) {
    this.library = library
    this.names = new Names(resolve)
    this.reveal = reveal
  }

  text(value: unknown): string {
    return pyText(value, this.reveal)
  }

  /** Every statement and expression is one. */
  step(): void {
    this.#steps += 1
    if (this.#steps > maximumSteps) throw new EvaluationError('The template runs too long')
  }

  evaluate(expression: Expression): unknown {
    this.step()
    switch (expression.kind) {
      case 'literal':
        return expression.value
      case 'name':
        return this.names.value(expression.name)
      case 'member':
        return this.#member(expression)
      case 'slice':
        return this.#slice(expression)
      case 'call':
        return this.#call(expression.callee, expression.args)
      case 'filter':
        return this.#filter(expression)
      case 'test':
        return this.test(expression.name, this.evaluate(expression.of), expression.args) !== expression.negated
      case 'unary':
        return this.#unary(expression.operator, this.evaluate(expression.of))
      case 'binary':
        return this.#binary(expression)
      case 'compare':
        return this.#compare(expression)
      case 'if':
        if (pyTruth(this.evaluate(expression.test))) return this.evaluate(expression.then)
        if (expression.otherwise === undefined) return new Undefined('The inline "if" has no "else"')
        return this.evaluate(expression.otherwise)
      case 'list':
        return expression.items.map((item) => this.evaluate(item))
      case 'dict':
        return Object.fromEntries(
          expression.entries.map(([key, value]) => [this.text(this.evaluate(key)), this.evaluate(value)]),
        )
    }
  }

  #member(expression: Expression & { kind: 'member' }): unknown {
    const of = this.evaluate(expression.of)
    const key = defined(this.evaluate(expression.key))
    return member(isSecret(of) && typeof key === 'number' ? this.text(of) : of, key, nameOf(expression.of))
  }

  #call(callee: Expression, args: Arguments): unknown {
    const call = this.#arguments(args)
    if (callee.kind === 'name') {
      const known = this.library.functions.get(callee.name)
      if (known !== undefined) return known(call)
      throw unknownOf('function', callee.name, this.library.functions.keys())
    }
    if (callee.kind !== 'member' || callee.key.kind !== 'literal') throw new EvaluationError('This cannot be called')
    const self = defined(this.evaluate(callee.of))
    return callMethod(isMap(self) ? self : force(self), String(callee.key.value), call)
  }

  #arguments(args: Arguments): Call {
    return {
      args: args.positional.map((arg) => this.#argument(arg)),
      named: Object.fromEntries(args.named.map(([name, arg]) => [name, this.#argument(arg)])),
      machine: this,
    }
  }

  /** Lazy mappings stay lazy (`map('extract', hostvars)`); everything else is complete. */
  #argument(expression: Expression): unknown {
    const value = defined(this.evaluate(expression))
    return isMap(value) ? value : force(value)
  }

  #filter(expression: Expression & { kind: 'filter' }): unknown {
    const value = this.evaluate(expression.of)
    return this.filter(expression.name, value, this.#arguments(expression.args))
  }

  filter(written: string, value: unknown, call: Call): unknown {
    const name = written.replace(/^ansible\.(builtin|utils)\./, '')
    const filter = this.library.filters.get(name)
    if (filter === undefined) throw unknownOf('filter', written, this.library.filters.keys())
    if (tolerant.has(name)) return filter(value, call)
    return filter(lazy.has(name) ? defined(value) : force(value), call)
  }

  test(written: string, value: unknown, args: Arguments | Call): boolean {
    const name = written.replace(/^ansible\.(builtin|utils)\./, '')
    const test = this.library.tests.get(name)
    if (test === undefined) throw unknownOf('test', written, this.library.tests.keys())
    const call = 'machine' in args ? args : this.#arguments(args)
    return test(tolerant.has(name) ? value : force(value), call)
  }

  #unary(operator: string, value: unknown): unknown {
    if (operator === 'not') return !pyTruth(value)
    const number = numberOf(defined(value))
    if (number === undefined) throw new EvaluationError(`"${operator}" does not work on ${typeName(value)}`)
    const signed = operator === '-' ? -number : number
    return value instanceof PyFloat ? new PyFloat(signed) : signed
  }

  #binary(expression: Expression & { kind: 'binary' }): unknown {
    const left = defined(this.evaluate(expression.left))
    if (expression.operator === 'and') return pyTruth(left) ? this.evaluate(expression.right) : left
    if (expression.operator === 'or') return pyTruth(left) ? left : this.evaluate(expression.right)
    const right = defined(this.evaluate(expression.right))
    if (expression.operator === '~') return this.text(left) + this.text(right)
    if (expression.operator === '%' && typeof left === 'string') {
      return this.filter('format', left, { args: isList(right) ? items(right) : [right], named: {}, machine: this })
    }
    return pyArithmetic(expression.operator, this.#textOfSecret(left), this.#textOfSecret(right))
  }

  #textOfSecret(value: unknown): unknown {
    return isSecret(value) ? this.text(value) : value
  }

  #compare(expression: Expression & { kind: 'compare' }): boolean {
    let left = this.evaluate(expression.first)
    for (const { operator, right } of expression.rest) {
      const value = this.evaluate(right)
      if (!compare(operator, left, value)) return false
      left = value
    }
    return true
  }

  #slice(expression: Expression & { kind: 'slice' }): unknown {
    const value = force(this.evaluate(expression.of))
    const bound = (part: Expression | undefined) => {
      const number = part === undefined ? undefined : defined(this.evaluate(part))
      return number === null ? undefined : numberOf(number)
    }
    const list = items(isSecret(value) ? this.text(value) : value)
    const picked = slice(list, bound(expression.start), bound(expression.stop), bound(expression.step) ?? 1)
    return Array.isArray(value) ? picked : picked.join('')
  }
}

function slice(list: readonly unknown[], start: number | undefined, stop: number | undefined, step: number): unknown[] {
  if (step === 0) throw new EvaluationError('The step of a slice cannot be 0')
  if (step > 0) return list.slice(start ?? 0, stop).filter((_, index) => index % step === 0)
  const length = list.length
  const clamp = (value: number) => Math.max(value < 0 ? value + length : value, -1)
  const from = Math.min(start === undefined ? length - 1 : clamp(start), length - 1)
  const to = stop === undefined ? -1 : clamp(stop)
  const picked: unknown[] = []
  for (let index = from; index > to; index += step) picked.push(list[index])
  return picked
}

function compare(operator: string, left: unknown, right: unknown): boolean {
  switch (operator) {
    case '==':
      return pyEquals(left, right)
    case '!=':
      return !pyEquals(left, right)
    case 'in':
      return pyContains(right, defined(left))
    case 'not in':
      return !pyContains(right, defined(left))
    case '<':
      return pyCompare(left, right) < 0
    case '<=':
      return pyCompare(left, right) <= 0
    case '>':
      return pyCompare(left, right) > 0
    default:
      return pyCompare(left, right) >= 0
  }
}

function unknownOf(kind: string, name: string, known: Iterable<string>): EvaluationError {
  const found = nearest(name, [...known])
  const message = `There is no ${kind} "${name}"`
  return new EvaluationError(message, found === undefined ? undefined : `Did you mean "${found}"?`)
}
