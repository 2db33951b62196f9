import type { Module, Values } from '../modules/module.ts'
import type { Task } from '../playbook/playbook.ts'
import type { Scope } from '../vars/scope.ts'
import { isOmitted } from '../vars/omit.ts'
import { plainText } from './plain-text.ts'

/** A task's arguments with their templates rendered; arguments that are `omit` are left out. */
export function renderArguments(task: Task, module: Module, scope: Scope): Values {
  const rendered = Object.entries(task.args).map(([name, raw]) => {
    const isExpression = module.rawArguments?.includes(name) === true
    return [name, isExpression ? raw : scope.renderValue(raw)] as const
  })
  return Object.fromEntries(rendered.filter(([, value]) => !isOmitted(value)))
}

/** The same arguments give the same text; secrets count with their value, so it must not be printed. */
export function argumentsKey(args: Values): string {
  return plainText(args)
}
