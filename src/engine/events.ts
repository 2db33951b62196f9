import type { Problem } from '../errors.ts'
import type { Diff } from '../modules/module.ts'

/** What a run tells its listeners. Reports are made of these and of nothing else. Not yet redacted: sinks do that. */
export type RunEvent =
  | RunStarted
  | PlayStarted
  | BatchStarted
  | TaskStarted
  | TaskProgress
  | TaskFinished
  | GateEvent
  | Notice
  | ProblemEvent
  | RunRecap

export interface RunStarted {
  readonly event: 'run'
  readonly id: string
  readonly playbook: string
  readonly check: boolean
  readonly started: Date
}

export interface PlayStarted {
  readonly event: 'play'
  readonly play: string
  readonly hosts: readonly string[]
  /** It is for a product that this inventory does not have: nothing to tell. */
  readonly absent?: boolean
}

export interface BatchStarted {
  readonly event: 'batch'
  readonly play: string
  readonly number: number
  readonly of: number
  readonly hosts: readonly string[]
}

export interface TaskStarted {
  readonly event: 'task-start'
  readonly play: string
  readonly task: string
  readonly handler: boolean
  readonly hosts: readonly string[]
}

/** Something worth a line while a task goes on: a retry, a closed gate, what a wait has found so far. */
export interface TaskProgress {
  readonly event: 'progress'
  readonly play: string
  readonly task: string
  readonly host: string
  readonly message: string
}

export type TaskStatus =
  'ok' | 'changed' | 'skipped' | 'failed' | 'unreachable' | 'undetermined' | 'rescued' | 'ignored'

export interface TaskFinished {
  readonly event: 'task'
  readonly play: string
  readonly task: string
  readonly host: string
  readonly delegatedTo: string | undefined
  readonly module: string
  readonly status: TaskStatus
  readonly summary: string
  /** One line each: what was or would be changed. */
  readonly changes: readonly string[]
  readonly diffs: readonly Diff[]
  readonly hint: string | undefined
  /** What `register` would see; for -v and --output json. */
  readonly result: Readonly<Record<string, unknown>>
  /** Label of the loop's item, for a single item's result. */
  readonly item: string | undefined
  readonly durationMs: number
  readonly noLog: boolean
}

export interface GateEvent {
  readonly event: 'gate'
  readonly play: string
  readonly gate: string
  readonly host: string
  readonly open: boolean
  readonly reason: string
}

/** A warning or a plain word to the user. */
export interface Notice {
  readonly event: 'notice'
  readonly level: 'info' | 'warning'
  readonly message: string
}

export interface ProblemEvent {
  readonly event: 'problem'
  readonly problem: Problem
}

export interface HostCounts {
  readonly ok: number
  readonly changed: number
  readonly unreachable: number
  readonly failed: number
  readonly skipped: number
  readonly rescued: number
  readonly ignored: number
  readonly undetermined: number
}

export interface RunRecap {
  readonly event: 'recap'
  readonly check: boolean
  readonly hosts: Readonly<Record<string, HostCounts>>
  readonly durationMs: number
}

export type Listener = (event: RunEvent) => void
