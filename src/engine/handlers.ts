import type { BatchRun } from './batch-run.ts'
import { allHandlers } from './notified-handlers.ts'
import { runTaskOnHosts } from './run-task-on-hosts.ts'
import type { TaskPlace } from './task-scope.ts'

/**
 * Runs the notified handlers in the order of their definition, each once. A handler that notifies an earlier one makes
 * it run again in the same flush (Ansible's behaviour).
 */
export async function flushHandlers(
  batch: BatchRun,
  hosts: readonly string[],
  place: TaskPlace,
): Promise<readonly string[]> {
  const handlers = allHandlers(batch.play.handlers)
  let well = hosts
  for (let again = true; again;) {
    again = false
    for (const handler of handlers) {
      if (batch.context.interruption.signal.aborted) return well
      const waiting = well.filter((host) => batch.isWell(host) && batch.state(host).notified.delete(handler))
      if (waiting.length === 0) continue
      again = true
      const failed = await runTaskOnHosts(batch, handler, waiting, place)
      well = well.filter((host) => !failed.has(host))
    }
  }
  return well
}
