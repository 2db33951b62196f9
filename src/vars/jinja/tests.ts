import { argument, listOf, requiredText, textArgument, flagArgument } from './arguments.ts'
import type { Call, Test } from './call.ts'
import { plainText, pyCompare, pyContains, pyEquals, pyTruth } from './python.ts'
import { pythonRegex } from './regex.ts'
import {
  EvaluationError,
  isFloat,
  isList,
  isMap,
  isPlainMap,
  isSecret,
  numberOf,
  typeName,
  Undefined,
} from './value.ts'
import { compareVersions } from './version.ts'

/** Jinja's and Ansible's tests, by every name they have. */
export const tests: ReadonlyMap<string, Test> = new Map<string, Test>([
  ['defined', (value) => !(value instanceof Undefined)],
  ['undefined', (value) => value instanceof Undefined],
  ['none', (value) => value === null],
  ['boolean', (value) => typeof value === 'boolean'],
  ['true', (value) => value === true],
  ['false', (value) => value === false],
  ['truthy', (value) => pyTruth(value)],
  ['falsy', (value) => !pyTruth(value)],
  ['string', (value) => plainText(value) !== undefined],
  ['number', (value) => typeof value !== 'boolean' && numberOf(value) !== undefined],
  ['integer', (value) => typeof value === 'number' && Number.isInteger(value)],
  ['float', isFloat],
  ['mapping', isMap],
  ['sequence', (value) => isList(value) || isMap(value) || typeof value === 'string'],
  ['iterable', (value) => isList(value) || isMap(value) || plainText(value) !== undefined],
  ['odd', (value) => Math.abs(whole(value) % 2) === 1],
  ['even', (value) => whole(value) % 2 === 0],
  ['divisibleby', (value, call) => whole(value) % whole(argument(call, 0)) === 0],
  ['lower', (value, call) => call.machine.text(value) === call.machine.text(value).toLowerCase()],
  ['upper', (value, call) => call.machine.text(value) === call.machine.text(value).toUpperCase()],
  [
    'sameas',
    (value, call) =>
      Object.is(value, argument(call, 0)) ||
      (!isObject(value) && pyEquals(value, argument(call, 0)) && typeof value === typeof argument(call, 0)),
  ],
  ...named(['eq', 'equalto', '=='], (value, call) => pyEquals(value, argument(call, 0))),
  ...named(['ne', '!='], (value, call) => !pyEquals(value, argument(call, 0))),
  ...named(['lt', 'lessthan', '<'], (value, call) => pyCompare(value, argument(call, 0)) < 0),
  ...named(['le', '<='], (value, call) => pyCompare(value, argument(call, 0)) <= 0),
  ...named(['gt', 'greaterthan', '>'], (value, call) => pyCompare(value, argument(call, 0)) > 0),
  ...named(['ge', '>='], (value, call) => pyCompare(value, argument(call, 0)) >= 0),
  ['in', (value, call) => pyContains(argument(call, 0), value)],
  ['contains', (value, call) => pyContains(value, argument(call, 0))],
  ['filter', (value, call) => call.machine.library.filters.has(String(value))],
  ['test', (value) => tests.has(String(value))],
  ['match', (value, call) => matches(value, call, 'match')],
  ['search', (value, call) => matches(value, call, 'search')],
  ['regex', (value, call) => matches(value, call, textArgument(call, 3, 'match_type') ?? 'search')],
  ['any', (value) => listOf(value).some(pyTruth)],
  ['all', (value) => listOf(value).every(pyTruth)],
  ...named(['subset', 'issubset'], (value, call) => includesAll(listOf(argument(call, 0)), listOf(value))),
  ...named(['superset', 'issuperset'], (value, call) => includesAll(listOf(value), listOf(argument(call, 0)))),
  ...named(['version', 'version_compare'], version),
  ...named(['failed', 'failure'], (value) => field(value, 'failed')),
  ...named(['succeeded', 'success', 'successful'], (value) => !field(value, 'failed')),
  ...named(['changed', 'change'], (value) => isChanged(value)),
  ...named(['skipped', 'skip'], (value) => field(value, 'skipped')),
  ['reachable', (value) => !field(value, 'unreachable')],
  ['unreachable', (value) => field(value, 'unreachable')],
  ['finished', (value) => field(value, 'finished')],
  ['started', (value) => field(value, 'started')],
  ['vault_encrypted', (value) => isSecret(value)],
])

function named(names: readonly string[], test: Test): (readonly [string, Test])[] {
  return names.map((name) => [name, test] as const)
}

function whole(value: unknown): number {
  const number = numberOf(value)
  if (number === undefined) throw new EvaluationError(`A number is needed, not ${typeName(value)}`)
  return number
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}

function matches(value: unknown, call: Call, kind: string): boolean {
  const options = { ignoreCase: flagArgument(call, 1, 'ignorecase'), multiline: flagArgument(call, 2, 'multiline') }
  const match = pythonRegex(requiredText(call, 0, 'pattern'), options).exec(call.machine.text(value))
  if (match === null) return false
  if (kind === 'match') return match.index === 0
  return kind !== 'fullmatch' || match[0].length === match.input.length
}

function includesAll(container: readonly unknown[], wanted: readonly unknown[]): boolean {
  return wanted.every((item) => container.some((candidate) => pyEquals(candidate, item)))
}

function version(value: unknown, call: Call): boolean {
  const operator = textArgument(call, 1, 'operator') ?? 'eq'
  const order = compareVersions(call.machine.text(value), requiredText(call, 0, 'version'))
  const answers: Readonly<Record<string, boolean>> = {
    '==': order === 0,
    '=': order === 0,
    eq: order === 0,
    '!=': order !== 0,
    '<>': order !== 0,
    ne: order !== 0,
    '<': order < 0,
    lt: order < 0,
    '<=': order <= 0,
    le: order <= 0,
    '>': order > 0,
    gt: order > 0,
    '>=': order >= 0,
    ge: order >= 0,
  }
  const answer = answers[operator]
  if (answer === undefined) throw new EvaluationError(`"${operator}" is no operator of the test "version"`)
  return answer
}

function field(value: unknown, name: string): boolean {
  if (!isPlainMap(value)) throw new EvaluationError(`The test needs a task's result, not ${typeName(value)}`)
  return Object.hasOwn(value, name) && pyTruth(value[name])
}

function isChanged(value: unknown): boolean {
  if (field(value, 'changed')) return true
  const results = isPlainMap(value) && Object.hasOwn(value, 'results') ? value['results'] : undefined
  return Array.isArray(results) && results.some((result) => isPlainMap(result) && pyTruth(result['changed'] ?? false))
}
