import type { Call } from './call.ts'
import { pyTruth } from './python.ts'
import { EvaluationError, isPlainMap, items, numberOf, typeName, type PlainMap } from './value.ts'

/** An argument by its position or its name, undefined when not given. */
export function argument(call: Call, position: number, name?: string): unknown {
  if (name !== undefined && Object.hasOwn(call.named, name)) return call.named[name]
  return call.args[position]
}

export function textArgument(call: Call, position: number, name?: string): string | undefined {
  const value = argument(call, position, name)
  return value === undefined || value === null ? undefined : call.machine.text(value)
}

export function requiredText(call: Call, position: number, name: string): string {
  const text = textArgument(call, position, name)
  if (text === undefined) throw new EvaluationError(`The argument "${name}" is missing`)
  return text
}

export function numberArgument(call: Call, position: number, name?: string): number | undefined {
  return numberOf(argument(call, position, name))
}

export function flagArgument(call: Call, position: number, name?: string): boolean {
  const value = argument(call, position, name)
  return value !== undefined && pyTruth(value)
}

export function listOf(value: unknown): readonly unknown[] {
  if (typeof value === 'object' && value !== null) return items(value)
  if (typeof value === 'string') return items(value)
  throw new EvaluationError(`A list is needed, not ${typeName(value)}`)
}

export function mapOf(value: unknown): PlainMap {
  if (!isPlainMap(value)) throw new EvaluationError(`A mapping is needed, not ${typeName(value)}`)
  return value
}
