import type { Position } from '../errors.ts'

/** A playbook as it was written, imports resolved, every part with its position. Templates are not rendered yet. */
export interface Playbook {
  readonly file: string
  readonly plays: readonly Play[]
}

/** A value from YAML. Strings may hold Jinja; `!unsafe` strings and vaulted ones are wrapped by the parser. */
export type RawValue = string | number | boolean | null | RawText | readonly RawValue[] | RawMap
export interface RawMap {
  readonly [key: string]: RawValue
}
/** A string that is not a template: `!unsafe`, or `!vault` (still encrypted). */
export interface RawText {
  readonly tag: '!unsafe' | '!vault'
  readonly text: string
  readonly position: Position
}

export interface Play {
  readonly name: string
  readonly hosts: string
  readonly position: Position
  readonly serial: readonly (number | string)[]
  readonly order: 'inventory' | 'reverse_inventory' | 'sorted' | 'reverse_sorted' | 'shuffle'
  readonly maxFailPercentage: RawValue | undefined
  readonly anyErrorsFatal: boolean
  readonly gatherFacts: boolean
  readonly vars: RawMap
  readonly varsFiles: readonly string[]
  readonly common: Inherited
  readonly roll: Roll | undefined
  readonly preTasks: readonly Item[]
  readonly tasks: readonly Item[]
  readonly postTasks: readonly Item[]
  readonly handlers: readonly Item[]
  /** Folder of the file the play was written in: where `files/`, `templates/` and relative paths are looked up. */
  readonly folder: string
}

export interface Roll {
  readonly order: 'elastic' | undefined
  readonly gates: readonly string[]
  readonly rollback: boolean
  /** After each batch, whatever became of it, shard allocation is put back as it was found. */
  readonly shardAllocation: 'restored' | undefined
  readonly position: Position
}

/** Keywords that a play or block hands down to its tasks; undefined = not said here. */
export interface Inherited {
  readonly become?: RawValue | undefined
  readonly becomeUser?: RawValue | undefined
  readonly becomeMethod?: RawValue | undefined
  readonly becomeExe?: RawValue | undefined
  readonly becomeFlags?: RawValue | undefined
  readonly environment?: RawValue | undefined
  readonly tags: readonly string[]
  readonly noLog?: RawValue | undefined
  readonly checkMode?: RawValue | undefined
  readonly diff?: RawValue | undefined
  readonly ignoreErrors?: RawValue | undefined
  readonly runOnce?: RawValue | undefined
  readonly delegateTo?: RawValue | undefined
  readonly vars: RawMap
  /** All must hold; a block's conditions come before its tasks' own. */
  readonly when: readonly string[]
}

export type Item = Task | Block | IncludeTasks

export interface Block {
  readonly kind: 'block'
  readonly name: string
  readonly position: Position
  readonly common: Inherited
  readonly block: readonly Item[]
  readonly rescue: readonly Item[]
  readonly always: readonly Item[]
}

export interface IncludeTasks {
  readonly kind: 'include'
  readonly name: string
  readonly position: Position
  readonly common: Inherited
  readonly file: string
  readonly folder: string
  readonly loop: Loop | undefined
}

export interface Loop {
  readonly over: RawValue
  readonly loopVar: string
  readonly indexVar: string | undefined
  readonly label: RawValue | undefined
  readonly pauseSeconds: RawValue | undefined
}

export interface Task {
  readonly kind: 'task'
  readonly name: string
  readonly position: Position
  readonly common: Inherited
  /** As registered: `copy`. `meta` and `include_tasks` are handled by the engine. */
  readonly module: string
  readonly args: RawMap
  readonly argPositions: ReadonlyMap<string, Position>
  readonly notify: RawValue
  readonly listen: readonly string[]
  readonly register: string | undefined
  readonly changedWhen: readonly string[] | undefined
  readonly failedWhen: readonly string[] | undefined
  readonly until: readonly string[] | undefined
  readonly retries: RawValue | undefined
  readonly delaySeconds: RawValue | undefined
  readonly loop: Loop | undefined
  /** Folder of the file the task was written in. */
  readonly folder: string
}
