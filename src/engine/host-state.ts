import { Forecast } from '../facts/forecast.ts'
import type { Cause, Change } from '../modules/module.ts'
import type { Task } from '../playbook/playbook.ts'
import type { ComingChange } from './ahead/coming-change.ts'
import type { Prefetched } from './ahead/prefetched.ts'
import type { Attempt } from './attempt.ts'
import type { HostCounts } from './events.ts'
import { SharedAnswers } from './ahead/shared-answers.ts'
import type { UndoStep } from './undo/undo-steps.ts'

export interface Performed extends UndoStep {
  /** Looks for the cause when undoing it fails too. */
  readonly explain: (() => Promise<Cause | undefined>) | undefined
  hasFailed: boolean
}

type Counts = { -readonly [K in keyof HostCounts]: HostCounts[K] }

/** What a run knows about one host and keeps from play to play. */
export class HostState {
  readonly name: string
  /** From set_fact, facts modules and setup. Never templated. */
  readonly facts: Record<string, unknown> = {}
  readonly registered: Record<string, unknown> = {}
  readonly forecast: Forecast | undefined
  readonly prefetched = new Map<Task, Prefetched>()
  readonly answers = new SharedAnswers()
  /** Whose shells have been looked at or acted through: none waits for another one. */
  readonly accounts = new Set<string>()
  /** It is the machine that elkseal runs on; undefined while nothing was looked at. */
  isHere: boolean | undefined
  /** What a roll would have to undo on this host; emptied when its batch went well. */
  readonly performed: Performed[] = []
  readonly notified = new Set<Task>()
  /** Changes of next tasks that were sent with an earlier one; undefined: the host did not come to it. */
  readonly sentAhead = new Map<Task, Promise<Attempt | undefined>>()
  /** What can be sent with this change of this task; set while a list of tasks runs. */
  changesBehind: ((task: Task, change: Change) => Promise<readonly ComingChange[]>) | undefined
  /** Sends the looks of the tasks that come next; set while a list of tasks runs. */
  lookAgain: (() => void) | undefined
  readonly counts: Counts = {
    ok: 0,
    changed: 0,
    unreachable: 0,
    failed: 0,
    skipped: 0,
    rescued: 0,
    ignored: 0,
    undetermined: 0,
  }
  /** Failed hosts take no part in later plays; unreachable ones neither, and no rescue runs for them. */
  condition: 'well' | 'failed' | 'unreachable' | 'ended' = 'well'

  constructor(name: string, check: boolean) {
    this.name = name
    this.forecast = check ? new Forecast() : undefined
  }
}
