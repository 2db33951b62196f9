import type { Item, Task } from '../../playbook/playbook.ts'
import type { BatchRun } from '../batch-run.ts'
import type { TaskPlace } from '../task-scope.ts'
import { changesBehind } from './changes-behind.ts'

/**
 * While `task` runs, its change on a host may take changes of the next tasks with it. Not where another host's failure
 * would keep this one from its next task, not in a roll, which goes step by step, and not under a plan.
 */
export function expectChanges(
  batch: BatchRun,
  task: Task,
  {
    next,
    hosts,
    place,
  }: { readonly next: readonly Item[]; readonly hosts: readonly string[]; readonly place: TaskPlace },
): void {
  const { play, context } = batch
  const stopsForOthers = play.anyErrorsFatal || play.maxFailPercentage !== undefined || play.roll !== undefined
  const isOffered = !stopsForOthers && !context.check && context.plan === undefined
  for (const host of hosts) {
    batch.state(host).changesBehind = isOffered
      ? async (ahead, change) =>
          ahead === task ? changesBehind(task, change, { batch, host, place, items: next }) : []
      : undefined
  }
}
