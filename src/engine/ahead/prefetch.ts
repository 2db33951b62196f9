import { ElksealError } from '../../errors.ts'
import { parseArguments } from '../../modules/arguments.ts'
import type { Item, Task } from '../../playbook/playbook.ts'
import { argumentsKey, renderArguments } from '../arguments.ts'
import type { BatchRun } from '../batch-run.ts'
import { inherit } from '../inherit.ts'
import { allHandlers } from '../notified-handlers.ts'
import type { Prefetched } from './prefetched.ts'
import { lookAheadTasks } from './shared-answers.ts'
import { openStage } from '../stage.ts'
import { taskScope, type TaskPlace } from '../task-scope.ts'

/**
 * Sends the looks of the next tasks before their turn, so that on a long line they share round trips. A look only
 * looks, so one that turns out to be of no use has cost nothing but a little work on the host.
 */
export function lookAhead(
  batch: BatchRun,
  { current, next }: { readonly current: Item; readonly next: readonly Item[] },
  hosts: readonly string[],
  place: TaskPlace,
): void {
  const { tasks: plain, flush } = nextTasks(batch, next, place)
  // What is looked at before a command is surely seen again behind it.
  const command = plain.findIndex((task) => surelyTouchesAll(batch, task, place))
  const tasks = command < 0 ? plain : plain.slice(0, command + 1)
  const handlers = flush && command < 0 ? allHandlers(batch.play.handlers).filter(isPlain) : []
  for (const host of hosts) {
    const state = batch.state(host)
    const look = () => {
      const notified = handlers.filter((handler) => state.notified.has(handler))
      for (const task of [...tasks, ...notified]) {
        if (state.prefetched.has(task) || state.sentAhead.has(task)) continue
        const prefetched = lookAt(batch, task, host, place)
        if (prefetched !== undefined) state.prefetched.set(task, prefetched)
      }
    }
    state.lookAgain = look
    state.answers.nextPass()
    if (current.kind !== 'task' || !surelyTouchesAll(batch, current, place)) look()
  }
}

/** Only plain tasks up to the first thing whose course nobody can foresee, and whether handlers run among them. */
function nextTasks(
  batch: BatchRun,
  items: readonly Item[],
  place: TaskPlace,
): { readonly tasks: readonly Task[]; readonly flush: boolean } {
  const tasks: Task[] = []
  let flush = false
  for (const item of items.slice(0, lookAheadTasks)) {
    if (item.kind !== 'task') return { tasks, flush }
    if (item.module === 'meta') {
      if (!Object.values(item.args).includes('flush_handlers')) return { tasks, flush }
      flush = true
    } else if (batch.selects(item, place.inherited) && isPlain(item)) tasks.push(item)
  }
  // The play's own lists end with its handlers; those of blocks and includes do not.
  return { tasks, flush: flush || (place === batch.place && items.length <= lookAheadTasks) }
}

function isPlain({ loop, until, common }: Task): boolean {
  return loop === undefined && until === undefined && common.delegateTo === undefined && common.runOnce === undefined
}

/** A command that runs whatever is found: as it goes out, the looks of what comes next are sent behind it. */
function surelyTouchesAll({ context }: BatchRun, task: Task, { inherited }: TaskPlace): boolean {
  const { when } = inherit(inherited, task.common)
  const isBound = ['creates', 'removes'].some((name) => name in task.args) || when.length > 0
  return context.modules.get(task.module)?.mayChangeAnything === true && isPlain(task) && !isBound && !context.check
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
    const stage = openStage({ context, task, host, place, scope, module, ahead: true }, () => undefined)
    const before = stage.here.changes()
    const state = module.inspect(stage.look, args)
    // If nobody takes it, its failure is nobody's business: the task will look again in its turn.
    state.catch(() => undefined)
    const isOutdatedHere = () => stage.here.isAsked() && stage.here.changes() !== before
    return { key: argumentsKey(rendered), state, readers: [stage.reader], isOutdatedHere }
  } catch (thrown) {
    // Needs what an earlier task has yet to register.
    if (thrown instanceof ElksealError) return undefined
    throw thrown
  }
}
