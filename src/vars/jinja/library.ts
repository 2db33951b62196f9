import { mapOf, numberArgument } from './arguments.ts'
import type { Call, Library } from './call.ts'
import { listFilters } from './filters-list.ts'
import { textFilters } from './filters-text.ts'
import { valueFilters } from './filters-values.ts'
import { tests } from './tests.ts'
import { EvaluationError, force, Namespace, type PlainMap } from './value.ts'

const largestRange = 100_000

/** Everything that a template can call. Lookups are not there: a template reads variables and nothing else. */
export const library: Library = {
  filters: new Map([...textFilters, ...valueFilters, ...listFilters]),
  tests,
  functions: new Map<string, (call: Call) => unknown>([
    ['range', range],
    ['dict', (call) => ({ ...dictOf(call.args[0]), ...call.named })],
    ['namespace', namespace],
    ['undef', (call) => refuse(call)],
  ]),
}

function dictOf(value: unknown): PlainMap {
  if (value === undefined) return {}
  if (Array.isArray(value)) return Object.fromEntries(value as readonly (readonly [string, unknown])[])
  return mapOf(force(value))
}

function range(call: Call): unknown {
  const [first = 0, second, step = 1] = [0, 1, 2].map((index) => numberArgument(call, index))
  const [start, stop] = second === undefined ? [0, first] : [first, second]
  if (step === 0) throw new EvaluationError('The step of "range" cannot be 0')
  const length = Math.max(0, Math.ceil((stop - start) / step))
  if (length > largestRange) throw new EvaluationError(`"range" gives at most ${largestRange} numbers`)
  return Array.from({ length }, (_, index) => start + index * step)
}

function namespace(call: Call): Namespace {
  const made = new Namespace()
  for (const [name, value] of Object.entries(call.named)) made.values.set(name, value)
  return made
}

function refuse(call: Call): never {
  const hint = call.named['hint'] ?? call.args[0]
  throw new EvaluationError(typeof hint === 'string' ? hint : 'The variable must be set')
}
