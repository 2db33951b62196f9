import type { ControllerProcess, LockOwner } from './lock-owner.ts'
import { runOf } from './lock-owner.ts'
import type { FoundLock } from './lock-scripts.ts'

/** How often a run shows that it lives. */
export const heartbeatMs = 30_000

/** Without a sign of life for so long a lock is called stale. A command that takes longer keeps the shell from giving one. */
export const staleAfterMs = 15 * 60_000

/** A lock this young may be of a run that is itself still collecting its locks, and may give them back at once. */
export const collectingMs = 10_000

/** This process, and what it can see of the others of its machine. */
export interface Surroundings {
  readonly self: ControllerProcess
  readonly user: string
  readonly controller: string
  /** Start time of a process; undefined when it is gone. */
  readonly startTicks: (pid: number) => string | undefined
}

/**
 * `gone`: its process was on this machine and has certainly ended, or it is our own run that is resumed. `stale`: it
 * has shown no sign of life for long, but on another machine, so nobody can say.
 */
export type Verdict = 'gone' | 'stale' | 'alive'

export function judgeLock(found: FoundLock, run: string, around: Surroundings): Verdict {
  if (found.owner !== undefined && hasEnded(found.owner, around)) return 'gone'
  const isSilent = found.silentMs !== undefined && found.silentMs >= staleAfterMs
  if (!isSilent) return 'alive'
  return runOf(found.lock) === run ? 'gone' : 'stale'
}

/** Only what is proved counts: an equal host name alone is no proof, nor is a process id of another namespace. */
function hasEnded({ process, controller }: LockOwner, { self, ...around }: Surroundings): boolean {
  if (process.boot === undefined || self.boot === undefined) return false
  if (process.boot !== self.boot) {
    return process.machine !== undefined && process.machine === self.machine && controller === around.controller
  }
  if (process.pidNamespace === undefined || process.pidNamespace !== self.pidNamespace) return false
  return around.startTicks(process.pid) !== process.startTicks
}
