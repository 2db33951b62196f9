import type { Change, Module, Values } from '../../modules/module.ts'
import type { Task } from '../../playbook/playbook.ts'
import type { Attempt } from '../attempt.ts'
import type { HostReader } from '../host-reader.ts'
import type { StepPlace } from './plan.ts'

/** One attempt of a task on a host, as a plan sees it. */
export interface WatchedTask {
  readonly task: Task
  readonly module: Module
  /** Rendered. */
  readonly args: Values
  /** The loop's item. */
  readonly item: unknown
  /** The machine that is looked at and changed. */
  readonly machine: string
  readonly batch: readonly string[]
  /** Only a failure led here. */
  readonly isRescue: boolean
  /** How a plan names it, not yet redacted. */
  shown(): ShownTask
}

export interface ShownTask {
  readonly place: StepPlace
  /** By no_log: nothing of what it does is shown. */
  readonly isHidden: boolean
}

/** Follows a run for a plan: notes what a check would do, or sees to it that a run does nothing else. */
export interface PlanWatch {
  play(play: string, hosts: readonly string[]): void
  /** Before a change is made or forecast. Throws a TaskError when it must not be made. */
  change(task: WatchedTask, change: Change): void
  /** What came of it, and the readers that it was decided with. */
  settled(task: WatchedTask, attempt: Attempt, readers: readonly HostReader[]): void
}
