import type { Subject } from '../facts/question.ts'
import type { HostState } from './host-state.ts'
import { anyConflict } from './subjects.ts'

/** How many tasks ahead are looked at: enough to hide a line's round trip, few enough not to look at a whole playbook. */
export const lookAheadTasks = 12

/**
 * Called as a request that changes the subjects goes out. Looks sent before it are stale and thrown away; new ones are
 * sent behind it on the same shell, so they see what it did and cost no further round trip.
 */
export function touch(host: HostState, touched: readonly Subject[]): void {
  let stale = false
  for (const [task, prefetched] of host.prefetched) {
    if (!prefetched.readers.some((reader) => anyConflict(touched, reader.subjects))) continue
    host.prefetched.delete(task)
    stale = true
  }
  if (stale) host.lookAgain?.()
}
