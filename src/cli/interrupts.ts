import type { Listener } from '../engine/events.ts'
import type { Interruption } from '../engine/interruption.ts'
import type { ProcessView } from './process.ts'

/** Binds ctrl-C: the first finishes what is under way, the second stops at once. Returns how to unbind it. */
export function bindInterrupts(
  interruption: Interruption,
  { view, listen, soon }: { readonly view: ProcessView; readonly listen: Listener; readonly soon: string },
): () => void {
  const unbind = view.onInterrupt(() => {
    const meaning = interruption.request()
    const message = meaning === 'soon' ? `Interrupted: ${soon}; ctrl-C once more stops at once` : 'Stopping at once'
    listen({ event: 'notice', level: 'warning', message })
    // A third ctrl-C ends the process as if we were not there.
    if (meaning === 'now') setImmediate(unbind)
  })
  return unbind
}
