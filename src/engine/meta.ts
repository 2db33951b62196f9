import { TaskError } from '../errors.ts'
import type { Task } from '../playbook/playbook.ts'
import type { BatchRun } from './batch-run.ts'
import { flushHandlers } from './handlers.ts'
import { inherit } from './inherit.ts'
import { taskScope, type TaskPlace } from './task-scope.ts'

/** Tasks that are about the run itself. The words are Ansible's; the parser refuses others. */
export const metaActions = ['flush_handlers', 'noop', 'end_host', 'end_batch', 'end_play', 'clear_host_errors'] as const

export async function runMeta(
  batch: BatchRun,
  task: Task,
  hosts: readonly string[],
  place: TaskPlace,
): Promise<readonly string[]> {
  const { context } = batch
  const inside = { ...place, inherited: inherit(place.inherited, task.common) }
  const meant = hosts.filter((host) => taskScope(context, host, inside).holds(inside.inherited.when))
  if (meant.length === 0) return hosts
  const action = String(Object.values(task.args)[0])
  switch (action) {
    case 'flush_handlers':
      return flushHandlers(batch, hosts, place)
    case 'noop':
      return hosts
    case 'end_host':
      for (const host of meant) batch.endHost(host)
      return hosts.filter((host) => batch.isWell(host))
    case 'end_batch':
      batch.endBatch()
      return hosts
    case 'end_play':
      batch.endPlay()
      return hosts
    case 'clear_host_errors':
      for (const host of batch.hosts) if (batch.condition(host) !== 'ended') batch.state(host).condition = 'well'
      return hosts
    default:
      throw new TaskError(`"meta: ${action}" is not supported`, { position: task.position })
  }
}
