import type { RunEvent } from '../engine/events.ts'
import type { Redactor } from '../secrets/redactor.ts'

/** Shows a run while it goes on. Made before anything can fail, so that every error has its format. */
export interface Reporter {
  listen(event: RunEvent): void
  /** Called once, when nothing more will be told. Waits until all is drawn. */
  finish(): Promise<void>
}

/** Where a report goes and what it may show. */
export interface ReportTarget {
  readonly write: (text: string) => void
  readonly color: boolean
  /** Columns of the terminal; Infinity where there is none: nothing is shortened in a file. */
  readonly columns: number
  /** 0: changes and trouble speak, the rest is a word; 1 (-v) and more: reasons and results too. */
  readonly verbosity: number
  readonly redactor: Redactor
}
