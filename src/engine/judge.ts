import { ElksealError } from '../errors.ts'
import type { Values } from '../modules/module.ts'
import type { Scope } from '../vars/scope.ts'
import type { TaskStatus } from './events.ts'
import { failure, type Execution, type Outcome } from './execution.ts'
import { taskScope } from './task-scope.ts'
import { valueOr } from './value-or.ts'
import { isTrue } from './values.ts'

export interface Judgement {
  readonly outcome: Outcome
  readonly status: TaskStatus
  /** What `register` sees. */
  readonly registered: Values
}

/**
 * changed_when, failed_when and ignore_errors, in this order, on the result of an attempt. An expression that cannot be
 * evaluated fails the task, as in Ansible.
 */
export function judge(execution: Execution, scope: Scope, outcome: Outcome): Judgement {
  try {
    return conditionsOn(execution, scope, outcome)
  } catch (thrown) {
    if (!(thrown instanceof ElksealError)) throw thrown
    const registered = { ...outcome.result, msg: thrown.message, changed: false, failed: true, skipped: false }
    return { outcome: failure(thrown), status: failedOrIgnored(execution, scope), registered }
  }
}

function failedOrIgnored({ place }: Execution, scope: Scope): 'failed' | 'ignored' {
  return isTrue(valueOr(scope, place.inherited.ignoreErrors, false)) ? 'ignored' : 'failed'
}

function conditionsOn(execution: Execution, scope: Scope, outcome: Outcome): Judgement {
  const { task, place, context, host } = execution
  let { status } = outcome
  const base: Values = {
    ...outcome.result,
    msg: outcome.result['msg'] ?? outcome.summary,
    skipped: status === 'skipped' || (status === 'undetermined' && outcome.result['rc'] === undefined),
  }
  const view = (): Values => ({
    ...base,
    changed: status === 'changed' || status === 'undetermined',
    failed: status === 'failed',
  })
  const holds = (conditions: readonly string[]) => {
    const registered = task.register === undefined ? {} : { [task.register]: view() }
    const loop = { ...place.loop, ...view(), ...registered }
    return taskScope(context, host, { ...place, loop }).holds(conditions)
  }
  if (status === 'ok' || status === 'changed' || status === 'failed') {
    if (task.changedWhen !== undefined && status !== 'failed') status = holds(task.changedWhen) ? 'changed' : 'ok'
    if (task.failedWhen !== undefined) status = failedStatus(holds(task.failedWhen), status)
  }
  return { outcome, status: status === 'failed' ? failedOrIgnored(execution, scope) : status, registered: view() }
}

function failedStatus(failed: boolean, status: 'ok' | 'changed' | 'failed'): 'ok' | 'changed' | 'failed' {
  if (failed) return 'failed'
  return status === 'failed' ? 'ok' : status
}
