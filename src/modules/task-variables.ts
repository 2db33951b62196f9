import { TaskError } from '../errors.ts'
import { Secret } from '../secrets/secret.ts'
import type { Context, Look } from './module.ts'

/** Variables that complete a task's arguments; undefined where nothing sets them. */
export interface TaskVariables {
  text(name: string): string | undefined
  /** Throws a TaskError for what is no whole number. */
  number(name: string): number | undefined
  secret(name: string): Secret | undefined
}

/** As they are known when deciding. */
export function contextVariables(context: Context): TaskVariables {
  return {
    text: (name) => textOf(variableOf(context, name)),
    number: (name) => numberOf(name, textOf(variableOf(context, name))),
    secret: (name) => {
      const value = variableOf(context, name)
      return value instanceof Secret ? value : typeof value === 'string' ? new Secret(value) : undefined
    },
  }
}

/** As they are known when looking: by templates only. */
export function lookVariables(look: Pick<Look, 'render'>): TaskVariables {
  return {
    text: (name) => textOf(renderedVariable(look, name)),
    number: (name) => numberOf(name, textOf(renderedVariable(look, name))),
    secret: (name) => {
      const value = renderedVariable(look, name)
      return value === '' ? undefined : new Secret(value)
    },
  }
}

/** A variable of the task, or undefined where nothing sets it. */
export function variableOf(context: Context, name: string): unknown {
  try {
    return context.variable(name)
  } catch (thrown) {
    if (thrown instanceof TaskError) return undefined
    throw thrown
  }
}

/** A variable as text while looking; empty when nothing sets it. */
export function renderedVariable(look: Pick<Look, 'render'>, name: string): string {
  return look.render(`{{ ${name} | default('') }}`)
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : typeof value === 'number' ? String(value) : undefined
}

function numberOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined || /^\s*\d+\s*$/.test(text)) return text === undefined ? undefined : Number(text)
  throw new TaskError(`The variable "${name}" must be a whole number, not "${text}"`)
}
