import { ElksealError } from '../errors.ts'
import { parseArguments } from '../modules/arguments.ts'
import type { Item, Task } from '../playbook/playbook.ts'
import { argumentsKey, renderArguments } from './arguments.ts'
import type { BatchRun } from './batch-run.ts'
import { inherit } from './inherit.ts'
import { lookAheadTasks } from './look-ahead.ts'
import type { Prefetched } from './prefetched.ts'
import { openStage } from './stage.ts'
import { taskScope, type TaskPlace } from './task-scope.ts'

/**
 * Sends the looks of the next tasks before their turn, so that on a long line they share round trips. A look only
 * looks, so one that turns out to be of no use has cost nothing but a little work on the host.
 */
export function lookAhead(batch: BatchRun, next: readonly Item[], hosts: readonly string[], place: TaskPlace): void {
  const tasks = nextTasks(batch, next, place)
  for (const host of hosts) {
    const state = batch.state(host)
    const look = () => {
      for (const task of tasks) {
        if (state.prefetched.has(task)) continue
        const prefetched = lookAt(batch, task, host, place)
        if (prefetched !== undefined) state.prefetched.set(task, prefetched)
      }
    }
    state.lookAgain = look
    look()
  }
}

/** Only plain tasks up to the first thing whose course nobody can foresee. */
function nextTasks(batch: BatchRun, items: readonly Item[], place: TaskPlace): readonly Task[] {
  const tasks: Task[] = []
  for (const item of items.slice(0, lookAheadTasks)) {
    if (item.kind !== 'task' || item.module === 'meta') break
    if (!batch.selects(item, place.inherited)) continue
    const { loop, until, common } = item
    const plain =
      loop === undefined && until === undefined && common.delegateTo === undefined && common.runOnce === undefined
    if (plain) tasks.push(item)
  }
  return tasks
}

function lookAt(batch: BatchRun, task: Task, host: string, outer: TaskPlace): Prefetched | undefined {
  const { context } = batch
  const module = context.modules.get(task.module)
  if (module === undefined || module.on === 'controller') return undefined
  const place = { ...outer, inherited: inherit(outer.inherited, task.common) }
  const scope = taskScope(context, host, place)
  try {
    if (!scope.holds(place.inherited.when)) return undefined
    const rendered = renderArguments(task, module, scope)
    const args = parseArguments(module, rendered)
    const stage = openStage({ context, task, host, place, scope, module }, () => undefined)
    const state = module.inspect(stage.look, args)
    // If nobody takes it, its failure is nobody's business: the task will look again in its turn.
    state.catch(() => undefined)
    return { key: argumentsKey(rendered), state, readers: [stage.reader] }
  } catch (thrown) {
    // Needs what an earlier task has yet to register.
    if (thrown instanceof ElksealError) return undefined
    throw thrown
  }
}
