import type { Subject } from '../../facts/question.ts'
import type { HostState } from '../host-state.ts'
import { anyConflict } from '../subjects.ts'

/**
 * Called as a request that changes the subjects goes out. Looks sent before it are stale and thrown away; new ones are
 * sent behind it on the same shell, so they see what it did and cost no further round trip.
 */
export function touch(host: HostState, touched: readonly Subject[]): void {
  if (dropLooks(host, touched) || touched.includes('*')) host.lookAgain?.()
}

/** As `touch`, for a change that another shell has made: true when looks were thrown away. */
export function dropLooks(host: HostState, touched: readonly Subject[]): boolean {
  host.answers.forget(touched)
  let stale = false
  for (const [task, prefetched] of host.prefetched) {
    if (!prefetched.readers.some((reader) => anyConflict(touched, reader.subjects))) continue
    host.prefetched.delete(task)
    stale = true
  }
  return stale
}

/** Nothing that was looked at before counts any more. Looks are made again when the next task begins. */
export function forgetLooks(host: HostState): void {
  host.prefetched.clear()
  host.answers.forget(['*'])
}
