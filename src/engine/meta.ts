import { TaskError } from '../errors.ts'
import type { Task } from '../playbook/playbook.ts'
import type { BatchRun } from './batch-run.ts'
import { flushHandlers } from './handlers.ts'
import { inherit } from './inherit.ts'
import { taskScope, type TaskPlace } from './task-scope.ts'

/** Tasks that are about the run itself. The parser has refused what is not one of Ansible's words. */
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
  const [word] = Object.values(task.args)
  const action = typeof word === 'string' ? word : JSON.stringify(word)
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
