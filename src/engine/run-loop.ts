import { ElksealError, TaskError } from '../errors.ts'
import type { Values } from '../modules/module.ts'
import type { Loop } from '../playbook/playbook.ts'
import type { Scope } from '../vars/scope.ts'
import type { TaskStatus } from './events.ts'
import type { Execution, TaskResult } from './execution.ts'
import { taskScope } from './task-scope.ts'
import { valueOr } from './value-or.ts'

type RunOnce = (execution: Execution, item: string | undefined, loopError?: ElksealError) => Promise<TaskResult>

/** Runs a task for each item, and joins the results as `register` sees those of a loop. */
export async function runLoop(execution: Execution, loop: Loop, runOnce: RunOnce): Promise<TaskResult> {
  const { context, host, place } = execution
  const items = loopItems(taskScope(context, host, place), loop)
  if (items instanceof ElksealError) {
    // A false condition spares the loop's own errors, as in Ansible.
    return runOnce(execution, undefined, items)
  }
  const results: TaskResult[] = []
  for (const [index, item] of items.entries()) {
    const variables = {
      ...place.loop,
      [loop.loopVar]: item,
      ...(loop.indexVar === undefined ? {} : { [loop.indexVar]: index }),
    }
    const inside = { ...execution, place: { ...place, loop: variables } }
    const label = valueOr(taskScope(context, host, inside.place), loop.label, item)
    results.push(await runOnce(inside, labelText(label)))
    const pause = loop.pauseSeconds === undefined ? 0 : Number(loop.pauseSeconds)
    if (pause > 0 && index < items.length - 1) await context.clock.sleep(pause * 1000, context.interruption.signal)
    if (results.at(-1)?.status === 'unreachable') break
  }
  return joinResults(results)
}

function loopItems(scope: Scope, loop: Loop): readonly unknown[] | ElksealError {
  try {
    const items = scope.renderValue(loop.over)
    if (Array.isArray(items)) return items as readonly unknown[]
    return new TaskError('The loop needs a list', { hint: 'Give "loop" a list, or an expression that is one' })
  } catch (thrown) {
    if (thrown instanceof ElksealError) return thrown
    throw thrown
  }
}

function joinResults(results: readonly TaskResult[]): TaskResult {
  const has = (status: TaskStatus) => results.some((result) => result.status === status)
  const order: readonly TaskStatus[] = ['unreachable', 'failed', 'ignored', 'undetermined', 'changed', 'ok', 'skipped']
  const status = order.find(has) ?? 'skipped'
  return {
    status,
    registered: {
      results: results.map((result) => result.registered),
      changed: has('changed') || has('undetermined'),
      failed: has('failed') || has('ignored'),
      skipped: results.every((result) => result.status === 'skipped'),
      msg: 'All items completed',
    },
    facts: Object.assign({}, ...results.map((result) => result.facts)) as Values,
    groups: results.flatMap((result) => result.groups),
  }
}

export function labelText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
