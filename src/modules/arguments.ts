import type { z } from 'zod'
import { TaskError, type Position, type Problem } from '../errors.ts'
import { nearest } from '../nearest.ts'
import { Secret } from '../secrets/secret.ts'
import type { ArgumentMeta } from './argument-types.ts'
import type { Module, Values } from './module.ts'

/** One argument as the documentation shows it. */
export interface ArgumentDocument {
  readonly name: string
  readonly aliases: readonly string[]
  readonly type: string
  readonly required: boolean
  readonly choices: readonly string[] | undefined
  readonly default: unknown
  readonly description: string
  readonly secret: boolean
}

interface Argument extends ArgumentDocument {
  readonly schema: z.ZodType
}

/** All arguments of a module, in the order of its schema. Empty for a module that takes any. */
export function argumentDocuments(module: Module): readonly ArgumentDocument[] {
  return argumentsOf(module)
}

/** The names of all arguments, aliases included. */
export function argumentNames(module: Module): readonly string[] {
  return argumentsOf(module).flatMap((argument) => [argument.name, ...argument.aliases])
}

export function requiredArguments(module: Module): readonly string[] {
  return argumentsOf(module)
    .filter((argument) => argument.required)
    .map((argument) => argument.name)
}

/**
 * What is wrong with a task's arguments as written: unknown and missing names, values that cannot be right. Values
 * that hold Jinja or a vaulted text are left for later. `place` is the task's own position.
 */
export function argumentProblems(
  module: Module,
  args: Values,
  positions: ReadonlyMap<string, Position>,
  place?: Position,
): readonly Problem[] {
  if (module.anyArguments === true) return []
  const problems: Problem[] = []
  const seen = new Map<string, string>()
  for (const name of Object.keys(args)) {
    const position = positions.get(name) ?? place
    const argument = argumentsOf(module).find((one) => one.name === name || one.aliases.includes(name))
    if (argument === undefined) problems.push(unknownArgument(module, name, position))
    else if (seen.has(argument.name)) {
      const message = `Arguments "${seen.get(argument.name) ?? ''}" and "${name}" of ${module.name} are the same one`
      problems.push({ message, position })
    } else seen.set(argument.name, name)
  }
  for (const name of requiredArguments(module)) {
    const given = seen.get(name)
    if (given !== undefined && args[given] !== null) continue
    problems.push({ message: `Argument "${name}" of ${module.name} is required`, position: place })
  }
  if (problems.length > 0) return problems
  return valueProblems(module, args).map(({ argument, message }) => ({
    message,
    position: positions.get(seen.get(argument) ?? argument) ?? place,
  }))
}

/** The rendered arguments as the module wants them. Throws a TaskError that names module and argument. */
export function parseArguments<Args>(module: Module<Args>, values: Values): Args {
  const result = module.args.safeParse(module.anyArguments === true ? values : canonical(module, values))
  if (result.success) return result.data
  const [first] = describeIssues(module, values, result.error.issues)
  throw new TaskError(first?.message ?? `Arguments of ${module.name} are wrong`, {
    hint: `See "elkseal doc ${module.name}"`,
  })
}

interface ValueProblem {
  readonly argument: string
  readonly message: string
}

function valueProblems(module: Module, args: Values): readonly ValueProblem[] {
  const raw = new Set(module.rawArguments ?? [])
  const values = canonical(module, args)
  const fixed = Object.entries(values).filter(([name, value]) => !raw.has(name) && isStatic(value))
  if (fixed.length === Object.keys(values).length) {
    const result = module.args.safeParse(plainValue(values))
    return result.success ? [] : describeIssues(module, values, result.error.issues)
  }
  return fixed.flatMap(([name, value]) => {
    const argument = argumentsOf(module).find((one) => one.name === name)
    const result = argument?.schema.safeParse(plainValue(value))
    if (result === undefined || result.success) return []
    const issues = result.error.issues.map((issue) => ({ ...issue, path: [name, ...issue.path] }))
    return describeIssues(module, values, issues)
  })
}

function describeIssues(module: Module, values: Values, issues: readonly z.core.$ZodIssue[]): readonly ValueProblem[] {
  const given = canonical(module, values)
  return issues.flatMap((issue): ValueProblem[] => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({ argument: key, message: unknownArgument(module, key, undefined).message }))
    }
    const name = String(issue.path[0] ?? '')
    if (name === '') return [{ argument: '', message: `Arguments of ${module.name}: ${issue.message}` }]
    const argument = argumentsOf(module).find((one) => one.name === name)
    const value = given[name]
    if (value === undefined) return [{ argument: name, message: `Argument "${name}" of ${module.name} is required` }]
    const shown = issue.code !== 'custom' || argument?.secret === true ? '' : shownValue(value)
    return [{ argument: name, message: `Argument "${name}" of ${module.name} ${issue.message}${shown}` }]
  })
}

function unknownArgument(module: Module, name: string, position: Position | undefined): Problem {
  const near = nearest(name, argumentNames(module))
  return {
    message: `Argument "${name}" of ${module.name} is not supported`,
    position,
    hint: near === undefined ? `See "elkseal doc ${module.name}"` : `Did you mean "${near}"?`,
  }
}

/** Aliases replaced, and none (YAML's null) taken as not given, as in Ansible. */
function canonical(module: Module, values: Values): Values {
  if (module.anyArguments === true) return values
  const aliases = new Map(argumentsOf(module).flatMap((one) => one.aliases.map((alias) => [alias, one.name] as const)))
  return Object.fromEntries(
    Object.entries(values)
      .filter(([, value]) => value !== null && value !== undefined)
      .map(([name, value]) => [aliases.get(name) ?? name, value]),
  )
}

function shownValue(value: unknown): string {
  if (value instanceof Secret) return ''
  const shown = typeof value === 'string' ? `"${value}"` : JSON.stringify(plainValue(value))
  return shown.length > 60 ? '' : `, not ${shown}`
}

function isStatic(value: unknown): boolean {
  if (typeof value === 'string') return !/\{\{|\{%|\{#/.test(value)
  if (Array.isArray(value)) return value.every(isStatic)
  if (typeof value !== 'object' || value === null) return true
  if (isTagged(value)) return value.tag !== '!vault'
  return !(value instanceof Secret) && Object.values(value).every(isStatic)
}

function plainValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plainValue)
  if (typeof value !== 'object' || value === null || value instanceof Secret) return value
  if (isTagged(value)) return value.text
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plainValue(item)]))
}

/** A text that the playbook's parser wrapped because of its tag. */
function isTagged(value: object): value is { readonly tag: string; readonly text: string } {
  return 'tag' in value && 'text' in value && (value.tag === '!vault' || value.tag === '!unsafe')
}

const known = new WeakMap<object, readonly Argument[]>()

function argumentsOf(module: Module): readonly Argument[] {
  let found = known.get(module.args)
  if (found === undefined) {
    found = Object.entries(shapeOf(module.args)).map(([name, schema]) => describe(name, schema))
    known.set(module.args, found)
  }
  return found
}

interface Definition {
  readonly shape?: Readonly<Record<string, z.ZodType>>
  readonly in?: z.ZodType
  readonly innerType?: z.ZodType
  readonly defaultValue?: unknown
}

function definition(schema: z.ZodType): Definition {
  return schema.def as Definition
}

/** The object behind refinements and transformations. */
function shapeOf(schema: z.ZodType): Readonly<Record<string, z.ZodType>> {
  const { shape, in: input, innerType } = definition(schema)
  const behind = input ?? innerType
  return shape ?? (behind === undefined ? {} : shapeOf(behind))
}

function describe(name: string, schema: z.ZodType): Argument {
  const { meta, fallback } = layersOf(schema)
  return {
    name,
    aliases: meta.aliases ?? [],
    type: meta.type ?? 'raw',
    required: !schema.safeParse(undefined).success,
    choices: meta.choices,
    default: fallback,
    description: meta.description ?? '',
    secret: meta.secret === true,
    schema,
  }
}

interface Layers {
  readonly meta: ArgumentMeta & { readonly description?: string }
  readonly fallback: unknown
}

/** Descriptions may stand on the type or on its optional or default wrapper: the outer one counts. */
function layersOf(schema: z.ZodType): Layers {
  const own = { ...schema.meta() } as Layers['meta']
  const { innerType, defaultValue } = definition(schema)
  if (innerType === undefined) return { meta: own, fallback: defaultValue }
  const inner = layersOf(innerType)
  return { meta: { ...inner.meta, ...own }, fallback: defaultValue ?? inner.fallback }
}
