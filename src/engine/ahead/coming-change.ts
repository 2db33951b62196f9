import type { Chain } from './chain.ts'

/** The change of a task whose turn has not come, decided on what the changes ahead of it will leave. */
export interface ComingChange {
  /** Sends it as the next of the chain. Its task finds in its turn what came of it. */
  begin(chain: Chain): void
}
