import type { Undoing } from '../effects/undoing.ts'

/**
 * A line of a run's journal. Enough to resume the run and to undo it from another process; no secret and no digest of
 * one. A batch begins behind the record of its play, and the effects behind the record of their batch belong to it.
 */
export type JournalRecord =
  | RunRecord
  | ResumedRecord
  | PlayRecord
  | BatchRecord
  | BatchEndRecord
  | IntentRecord
  | ResultRecord
  | RolledBackRecord
  | RollbackRecord
  | UndoRecord
  | UndoneRecord
  | EndRecord

/** A playbook as it was when the run began. */
export interface PlaybookText {
  readonly playbook: string
  /** Of the playbook and of every file that it imports. */
  readonly sha256: string
}

/** What the user asked for. */
export interface RunRecord extends PlaybookText, Controller {
  readonly record: 'run'
  readonly id: string
  /** What the same command was to run behind it, each under a name of its own; absent: nothing. */
  readonly followedBy?: readonly PlaybookText[] | undefined
  /** The folder whose group_vars and host_vars counted; absent: the playbook's own. */
  readonly variablesFolder?: string | undefined
  /** The plan file that it is held to, of which a copy lies beside the journal; absent: none. */
  readonly plan?: string | undefined
  readonly inventory: readonly string[]
  readonly limit?: string | undefined
  readonly tags: readonly string[]
  readonly skipTags: readonly string[]
  readonly startAtTask?: string | undefined
  /** Names only: values may be secrets. */
  readonly extraVars: readonly string[]
}

/** Who acts, from where. */
export interface Controller {
  readonly version: string
  readonly user: string
  readonly controller: string
  readonly process: number
}

export interface ResumedRecord extends Controller {
  readonly record: 'resumed'
}

export interface PlayRecord {
  readonly record: 'play'
  readonly play: string
  /** File and line, by which the play of a resumed run is known as the same. */
  readonly place: string
  readonly hosts: readonly string[]
  /** Host by host with `roll`: it is undone in the same manner. */
  readonly rolled: boolean
  readonly gates: readonly string[]
}

export interface BatchRecord {
  readonly record: 'batch'
  readonly hosts: readonly string[]
}

export type HostCondition = 'well' | 'failed' | 'unreachable' | 'ended'

export interface BatchEndRecord {
  readonly record: 'batch-end'
  readonly conditions: Readonly<Record<string, HostCondition>>
}

/** An effect is about to be performed. */
export interface IntentRecord {
  readonly record: 'intent'
  readonly number: number
  readonly host: string
  readonly task: string
  readonly effect: string
  /** As whom; absent: the login account. */
  readonly account?: Account | undefined
  /** Absent: nothing undoes it. */
  readonly undoing?: Undoing | undefined
  /** The folder on the host that keeps what it replaces. */
  readonly backup?: string | undefined
  /** Only an account that may write there keeps something in it. */
  readonly backupIfRoot?: boolean | undefined
  /** The task says that it changes nothing (`changed_when: false`). */
  readonly onlyLooks?: boolean | undefined
  /** By a module of the store, at random: a plan knows it by its name only. */
  readonly isMade?: boolean | undefined
}

export interface Account {
  readonly method: 'sudo' | 'su'
  readonly user: string
  readonly exe?: string | undefined
  readonly flags?: string | undefined
}

export interface ResultRecord {
  readonly record: 'result'
  readonly number: number
  readonly ok: boolean
}

/** A roll has put a host back as it was before its batch. */
export interface RolledBackRecord {
  readonly record: 'rolled-back'
  readonly host: string
  readonly ok: boolean
}

/** `elkseal rollback` has begun. */
export interface RollbackRecord extends Controller {
  readonly record: 'rollback'
  readonly limit?: string | undefined
}

/** The changes with these numbers are about to be undone on a host. */
export interface UndoRecord {
  readonly record: 'undo'
  readonly host: string
  readonly numbers: readonly number[]
}

export interface UndoneRecord {
  readonly record: 'undone'
  readonly host: string
  readonly numbers: readonly number[]
  readonly ok: boolean
}

/** `refused`: another run was at work on the hosts. */
export type RunStatus = 'complete' | 'failed' | 'interrupted' | 'refused'

/** Of the run, of what resumed it, or of the rollback. */
export interface EndRecord {
  readonly record: 'end'
  readonly status: RunStatus
}
