import type { ElksealError } from '../errors.ts'
import type { Module, Values } from '../modules/module.ts'
import type { Task } from '../playbook/playbook.ts'
import type { Attempt } from './attempt.ts'
import type { TaskStatus } from './events.ts'
import type { RunContext } from './run-context.ts'
import type { TaskPlace } from './task-scope.ts'

/** One task on one host (and, in a loop, for one item). */
export interface Execution {
  readonly context: RunContext
  readonly task: Task
  readonly host: string
  readonly place: TaskPlace
  readonly module: Module
}

/** What came of a task on one host, after loop, retries, changed_when, failed_when and ignore_errors. */
export interface TaskResult {
  readonly status: TaskStatus
  /** What `register` sees. */
  readonly registered: Values
  readonly facts: Values
  readonly groups: readonly string[]
}

/** What a task came to before changed_when, failed_when and ignore_errors judge it. */
export type Outcome = Omit<Attempt, 'status'> & { readonly status: Attempt['status'] | 'skipped' }

export function plain(status: Outcome['status'], summary: string): Outcome {
  return { status, summary, hint: undefined, changes: [], diffs: [], result: {}, facts: {}, groups: [] }
}

export function failure(error: ElksealError): Outcome {
  return { ...plain('failed', error.message), hint: error.hint }
}
