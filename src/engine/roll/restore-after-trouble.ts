import type { Task } from '../../playbook/playbook.ts'
import type { BatchRun } from '../batch-run.ts'
import { runTask } from '../run-task.ts'

/**
 * What a roll has changed for the time of a batch is put back also when the batch ended badly: through the first host of
 * the play that can, since the one in trouble may be gone.
 */
export async function restoreAfterTrouble(batch: BatchRun, tasks: readonly Task[]): Promise<void> {
  const { context, hosts, place } = batch
  if (context.check || tasks.length === 0) return
  const warn = (message: string) => context.listen({ event: 'notice', level: 'warning', message })
  if (context.interruption.signal.aborted) {
    warn('If a node was restarting, only primary shards are allocated now: the next run puts that back')
    return
  }
  if (!hosts.some((host) => isBad(batch, host))) return
  for (const task of tasks) {
    if (!(await onAnyHost(batch, task, candidates(hosts, place.playHosts, batch)))) {
      warn(`"${task.name}": no host of the play could do it; the next run does it`)
    }
  }
}

async function onAnyHost(batch: BatchRun, task: Task, hosts: readonly string[]): Promise<boolean> {
  for (const host of hosts) {
    const { status } = await runTask(batch.context, task, host, batch.place)
    if (status === 'ok' || status === 'changed') return true
  }
  return false
}

/** Those that are well first. */
function candidates(own: readonly string[], all: readonly string[], batch: BatchRun): readonly string[] {
  const reachable = [...own, ...all.filter((host) => !own.includes(host))].filter(
    (host) => batch.condition(host) !== 'unreachable',
  )
  return [...reachable.filter((host) => !isBad(batch, host)), ...reachable.filter((host) => isBad(batch, host))]
}

function isBad(batch: BatchRun, host: string): boolean {
  return ['failed', 'unreachable'].includes(batch.condition(host))
}
