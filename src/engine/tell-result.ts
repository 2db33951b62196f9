import type { Values } from '../modules/module.ts'
import type { Task } from '../playbook/playbook.ts'
import type { Scope } from '../vars/scope.ts'
import type { TaskFinished, TaskStatus } from './events.ts'
import type { Execution, Outcome } from './execution.ts'
import { taskScope } from './task-scope.ts'
import { valueOr } from './value-or.ts'
import { isTrue } from './values.ts'

export interface Report {
  readonly status: TaskStatus
  readonly registered: Values
  readonly outcome: Outcome
  readonly item: string | undefined
  readonly durationMs: number
}

/** Tells the listener of a result; `no_log` hides all that could show an argument. */
export function tellResult(execution: Execution, report: Report): void {
  const { context, task, host, place } = execution
  const scope = taskScope(context, host, place)
  // A no_log that cannot be rendered hides: what it was meant to hide is not known.
  const hidden = isTrue(valueOr(scope, place.inherited.noLog ?? false, true))
  const showDiff = isTrue(valueOr(scope, place.inherited.diff, context.diff)) && !hidden
  const delegate = place.inherited.delegateTo
  const delegatedTo = delegate === undefined ? host : String(valueOr(scope, delegate, delegate))
  const event: TaskFinished = {
    event: 'task',
    play: place.play.name,
    task: taskName(task, scope),
    host,
    delegatedTo: delegatedTo === host ? undefined : delegatedTo,
    module: task.module,
    status: report.status,
    summary: hidden ? 'the output is hidden by no_log' : report.outcome.summary,
    changes:
      report.status === 'changed' || report.status === 'undetermined'
        ? hidden
          ? ['hidden by no_log']
          : report.outcome.changes
        : [],
    diffs: showDiff ? report.outcome.diffs : [],
    hint: hidden ? undefined : report.outcome.hint,
    result: hidden ? { censored: true, changed: report.registered['changed'] } : report.registered,
    item: report.item,
    durationMs: report.durationMs,
    noLog: hidden,
  }
  context.listen(event)
}

/** A name with templates in it is rendered where it can be; a name must never fail a task. */
export function taskName(task: Task, scope: Scope): string {
  try {
    return scope.render(task.name)
  } catch {
    return task.name
  }
}

export function tellProgress({ context, task, host, place }: Execution, message: string): void {
  context.listen({ event: 'progress', play: place.play.name, task: task.name, host, message })
}
