import type { HostReader } from '../host-reader.ts'

/**
 * A look that was sent before its task's turn. It is used only if the task's arguments are still the same when the
 * turn comes and nothing that it looked at was touched in between.
 */
export interface Prefetched {
  /** The rendered arguments it was made with. */
  readonly key: string
  readonly state: Promise<unknown>
  readonly readers: readonly HostReader[]
  /** Whether it looked at this machine too, at a source for instance, and that has changed since. */
  readonly isOutdatedHere: () => boolean
}
