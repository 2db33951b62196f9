import { ElksealError, TaskError } from '../errors.ts'
import type { Module, Values } from '../modules/module.ts'
import { parseArguments } from '../modules/arguments.ts'
import type { Loop, Task } from '../playbook/playbook.ts'
import type { Scope } from '../vars/scope.ts'
import { attempt, type Attempt } from './attempt.ts'
import type { TaskFinished, TaskStatus } from './events.ts'
import { HostState } from './host-state.ts'
import { orInterrupted } from './interruption.ts'
import { argumentsKey, renderArguments } from './arguments.ts'
import { learnSecrets } from './learn-secrets.ts'
import { forgetLooks } from './look-ahead.ts'
import { hostState, type RunContext } from './run-context.ts'
import type { Prefetched } from './prefetched.ts'
import { openStage } from './stage.ts'
import { inherit } from './inherit.ts'
import { taskScope, type TaskPlace } from './task-scope.ts'
import { isTrue, numberOf } from './values.ts'

/** What came of a task on one host, after loop, retries, changed_when, failed_when and ignore_errors. */
export interface TaskResult {
  readonly status: TaskStatus
  /** What `register` sees. */
  readonly registered: Values
  readonly facts: Values
  readonly groups: readonly string[]
}

interface Execution {
  readonly context: RunContext
  readonly task: Task
  readonly host: string
  readonly place: TaskPlace
  readonly module: Module
}

/** Runs one task on one host and tells the listener. The only place that turns exceptions into results. */
export async function runTask(context: RunContext, task: Task, host: string, outer: TaskPlace): Promise<TaskResult> {
  const module = context.modules.get(task.module)
  if (module === undefined) throw new TypeError(`module ${task.module} was not validated`)
  const place = { ...outer, inherited: inherit(outer.inherited, task.common) }
  const execution: Execution = { context, task, host, place, module }
  const result = task.loop === undefined ? await runOnce(execution, undefined) : await runLoop(execution, task.loop)
  store(execution, result)
  return result
}

/** Registers, facts and groups become visible to the next task. */
function store({ context, task, host }: Execution, result: TaskResult): void {
  learnSecrets([result.registered, result.facts], context.redactor)
  const state = hostState(context, host, () => new HostState(host, context.check))
  if (task.register !== undefined) state.registered[task.register] = result.registered
  Object.assign(state.facts, result.facts)
  // set_fact beats task variables, so its values live with the registered ones (precedence 19).
  if (task.module === 'set_fact') Object.assign(state.registered, result.facts)
  for (const group of result.groups) {
    const hosts = context.dynamicGroups.get(group) ?? new Set<string>()
    context.dynamicGroups.set(group, hosts.add(host))
  }
}

async function runLoop(execution: Execution, loop: Loop): Promise<TaskResult> {
  const { context, host, place } = execution
  const items = loopItems(taskScope(context, host, place), loop)
  if (items instanceof ElksealError) {
    // A false condition spares the loop's own errors, as in Ansible.
    return runOnce(execution, undefined, items)
  }
  const results: TaskResult[] = []
  for (const [index, item] of items.entries()) {
    const variables = {
      ...place.loop,
      [loop.loopVar]: item,
      ...(loop.indexVar === undefined ? {} : { [loop.indexVar]: index }),
    }
    const inside = { ...execution, place: { ...place, loop: variables } }
    const label = loop.label === undefined ? undefined : taskScope(context, host, inside.place).renderValue(loop.label)
    results.push(await runOnce(inside, labelText(label ?? item)))
    const pause = loop.pauseSeconds === undefined ? 0 : Number(loop.pauseSeconds)
    if (pause > 0 && index < items.length - 1) await context.clock.sleep(pause * 1000, context.interruption.signal)
    if (results.at(-1)?.status === 'unreachable') break
  }
  return joinResults(results)
}

function loopItems(scope: Scope, loop: Loop): readonly unknown[] | ElksealError {
  try {
    const items = scope.renderValue(loop.over)
    if (Array.isArray(items)) return items as readonly unknown[]
    return new TaskError('The loop needs a list', { hint: 'Give "loop" a list, or an expression that is one' })
  } catch (thrown) {
    if (thrown instanceof ElksealError) return thrown
    throw thrown
  }
}

function joinResults(results: readonly TaskResult[]): TaskResult {
  const has = (status: TaskStatus) => results.some((result) => result.status === status)
  const order: readonly TaskStatus[] = ['unreachable', 'failed', 'ignored', 'undetermined', 'changed', 'ok', 'skipped']
  const status = order.find(has) ?? 'skipped'
  return {
    status,
    registered: {
      results: results.map((result) => result.registered),
      changed: has('changed') || has('undetermined'),
      failed: has('failed') || has('ignored'),
      skipped: results.every((result) => result.status === 'skipped'),
      msg: 'All items completed',
    },
    facts: Object.assign({}, ...results.map((result) => result.facts)) as Values,
    groups: results.flatMap((result) => result.groups),
  }
}

async function runOnce(execution: Execution, item: string | undefined, loopError?: ElksealError): Promise<TaskResult> {
  const started = Date.now()
  const scope = taskScope(execution.context, execution.host, execution.place)
  const outcome = await outcomeOf(execution, scope, loopError)
  const { status, registered } = judged(execution, scope, outcome)
  learnSecrets(registered, execution.context.redactor)
  tell(execution, { status, registered, outcome, item, durationMs: Date.now() - started })
  return { status, registered, facts: outcome.facts, groups: outcome.groups }
}

type Outcome = Omit<Attempt, 'status'> & { readonly status: Attempt['status'] | 'skipped' }

async function outcomeOf(execution: Execution, scope: Scope, loopError: ElksealError | undefined): Promise<Outcome> {
  // Hosts and items whose turn had not come when the run was stopped.
  if (execution.context.interruption.signal.aborted) return plain('skipped', 'not begun, the run was stopped')
  try {
    const skipReason = falseCondition(execution.place.inherited.when, scope)
    if (skipReason !== undefined) return plain('skipped', `${skipReason} is false`)
    if (loopError !== undefined) return failure(loopError)
    return await withRetries(execution, scope)
  } catch (thrown) {
    if (thrown instanceof ElksealError) return failure(thrown)
    throw thrown
  }
}

function falseCondition(conditions: readonly string[], scope: Scope): string | undefined {
  return conditions.find((condition) => !scope.holds([condition]))
}

async function withRetries(execution: Execution, scope: Scope): Promise<Outcome> {
  const { task, context, host } = execution
  if (task.until === undefined && task.retries === undefined) return oneAttempt(execution, scope)
  const retries = Math.max(1, numberOf(scope.renderValue(task.retries ?? 3), 'retries'))
  const delayMs = numberOf(scope.renderValue(task.delaySeconds ?? 5), 'delay') * 1000
  for (let attempts = 1; ; attempts += 1) {
    const outcome = await oneAttempt(execution, scope)
    const result = { ...outcome, result: { ...outcome.result, attempts: Math.min(attempts, retries) } }
    if (outcome.status === 'unreachable' || outcome.status === 'undetermined') return result
    const { registered } = judged(execution, scope, result)
    const view = task.register === undefined ? {} : { [task.register]: registered }
    const until = task.until ?? []
    const good =
      task.until === undefined
        ? registered['failed'] !== true
        : taskScope(context, host, { ...execution.place, loop: { ...execution.place.loop, ...view } }).holds(until)
    if (good) return result
    if (attempts > retries)
      return {
        ...result,
        status: 'failed',
        summary: `Not reached after ${String(retries)} retries: ${outcome.summary}`,
      }
    progress(execution, `retrying (${String(retries - attempts + 1)} left): ${outcome.summary}`)
    await context.clock.sleep(delayMs, context.interruption.signal)
    // What the retries wait for changes the host without an effect of ours.
    forgetLooks(hostState(context, host, () => new HostState(host, context.check)))
  }
}

async function oneAttempt(execution: Execution, scope: Scope): Promise<Outcome> {
  const { context, task, host, place, module } = execution
  const rendered = renderArguments(task, module, scope)
  const args = parseArguments(module, rendered)
  learnSecrets(args, context.redactor)
  const stage = openStage({ context, task, host, place, scope, module }, (message) => progress(execution, message))
  const ahead = takeAhead(execution, argumentsKey(rendered))
  return orInterrupted(attempt(module, args, stage, ahead), context.interruption.signal)
}

function takeAhead({ context, task, host }: Execution, key: string): Prefetched | undefined {
  const state = context.hosts.get(host)
  const prefetched = state?.prefetched.get(task)
  state?.prefetched.delete(task)
  return prefetched?.key === key ? prefetched : undefined
}

/** changed_when, failed_when and ignore_errors, in this order, on the result of an attempt. */
function judged(
  execution: Execution,
  scope: Scope,
  outcome: Outcome,
): { readonly status: TaskStatus; readonly registered: Values } {
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
  const judge = (conditions: readonly string[]) => {
    const registered = task.register === undefined ? {} : { [task.register]: view() }
    const loop = { ...place.loop, ...view(), ...registered }
    return taskScope(context, host, { ...place, loop }).holds(conditions)
  }
  if (status === 'ok' || status === 'changed' || status === 'failed') {
    if (task.changedWhen !== undefined && status !== 'failed') status = judge(task.changedWhen) ? 'changed' : 'ok'
    if (task.failedWhen !== undefined) status = failedStatus(judge(task.failedWhen), status)
  }
  const registered = view()
  if (status === 'failed' && isTrue(scope.renderValue(place.inherited.ignoreErrors ?? false))) {
    return { status: 'ignored', registered }
  }
  return { status, registered }
}

function failedStatus(failed: boolean, status: 'ok' | 'changed' | 'failed'): 'ok' | 'changed' | 'failed' {
  if (failed) return 'failed'
  return status === 'failed' ? 'ok' : status
}

interface Report {
  readonly status: TaskStatus
  readonly registered: Values
  readonly outcome: Outcome
  readonly item: string | undefined
  readonly durationMs: number
}

function tell(execution: Execution, report: Report): void {
  const { context, task, host, place } = execution
  const scope = taskScope(context, host, place)
  const hidden = isTrue(valueOr(scope, place.inherited.noLog, false))
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
    hint: report.outcome.hint,
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

function valueOr(scope: Scope, raw: unknown, otherwise: unknown): unknown {
  if (raw === undefined) return otherwise
  try {
    return scope.renderValue(raw)
  } catch {
    return otherwise
  }
}

function progress({ context, task, host, place }: Execution, message: string): void {
  context.listen({ event: 'progress', play: place.play.name, task: task.name, host, message })
}

function plain(status: Outcome['status'], summary: string): Outcome {
  return { status, summary, hint: undefined, changes: [], diffs: [], result: {}, facts: {}, groups: [] }
}

function failure(error: ElksealError): Outcome {
  return { ...plain('failed', error.message), hint: error.hint }
}

function labelText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
