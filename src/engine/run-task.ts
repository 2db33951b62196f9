import { ElksealError } from '../errors.ts'
import { parseArguments } from '../modules/arguments.ts'
import type { Change } from '../modules/module.ts'
import type { Task } from '../playbook/playbook.ts'
import type { Scope } from '../vars/scope.ts'
import { argumentsKey, renderArguments } from './arguments.ts'
import { attempt } from './attempt.ts'
import { failure, plain, type Execution, type Outcome, type TaskResult } from './execution.ts'
import { HostState } from './host-state.ts'
import { inherit } from './inherit.ts'
import { orInterrupted } from './interruption.ts'
import { judge } from './judge.ts'
import { learnSecrets } from './learn-secrets.ts'
import { forgetLooks } from './ahead/look-ahead.ts'
import type { PlanWatch, WatchedTask } from './plan/plan-watch.ts'
import { watchedTask } from './plan/watched-task.ts'
import type { Prefetched } from './ahead/prefetched.ts'
import { hostState, type RunContext } from './run-context.ts'
import { runLoop } from './run-loop.ts'
import { openStage } from './stage.ts'
import { taskScope, type TaskPlace } from './task-scope.ts'
import { tellProgress, tellResult } from './tell-result.ts'
import { numberOf } from './values.ts'

/** Runs one task on one host and tells the listener. The only place that turns exceptions into results. */
export async function runTask(context: RunContext, task: Task, host: string, outer: TaskPlace): Promise<TaskResult> {
  const module = context.modules.get(task.module)
  if (module === undefined) throw new TypeError(`module ${task.module} was not validated`)
  const place = { ...outer, inherited: inherit(outer.inherited, task.common) }
  const execution: Execution = { context, task, host, place, module }
  const result =
    task.loop === undefined ? await runOnce(execution, undefined) : await runLoop(execution, task.loop, runOnce)
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

async function runOnce(execution: Execution, item: string | undefined, loopError?: ElksealError): Promise<TaskResult> {
  const started = Date.now()
  const scope = taskScope(execution.context, execution.host, execution.place)
  const { outcome, status, registered } = judge(execution, scope, await outcomeOf(execution, scope, loopError))
  learnSecrets(registered, execution.context.redactor)
  tellResult(execution, { status, registered, outcome, item, durationMs: Date.now() - started })
  return { status, registered, facts: outcome.facts, groups: outcome.groups }
}

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
    const { registered } = judge(execution, scope, result)
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
    tellProgress(execution, `retrying (${String(retries - attempts + 1)} left): ${outcome.summary}`)
    await context.clock.sleep(delayMs, context.interruption.signal)
    // What the retries wait for changes the host without an effect of ours.
    forgetLooks(hostState(context, host, () => new HostState(host, context.check)))
  }
}

async function oneAttempt(execution: Execution, scope: Scope): Promise<Outcome> {
  const { context, task, host, place, module } = execution
  const sent = await orInterrupted(takeSent(execution), context.interruption.signal)
  if (sent !== undefined) return sent
  const rendered = renderArguments(task, module, scope)
  const args = parseArguments(module, rendered)
  learnSecrets(args, context.redactor)
  const stage = openStage({ context, task, host, place, scope, module }, (message) => tellProgress(execution, message))
  const ahead = takeAhead(execution, argumentsKey(rendered))
  const watched = watchedTask(execution, rendered, stage.reader.host)
  const planned = context.plan === undefined ? stage : { ...stage, planned: noteChange(context.plan, watched) }
  const outcome = await orInterrupted(attempt(module, args, planned, ahead), context.interruption.signal)
  context.plan?.settled(watched, outcome, [...(ahead?.readers ?? []), stage.reader])
  return outcome
}

function noteChange(plan: PlanWatch, watched: WatchedTask): (change: Change) => void {
  return (change) => plan.change(watched, change)
}

/** What came of its change where that went out with an earlier task's. */
async function takeSent({ context, task, host }: Execution): Promise<Outcome | undefined> {
  const sentAhead = context.hosts.get(host)?.sentAhead
  const attempt = sentAhead?.get(task)
  sentAhead?.delete(task)
  return attempt
}

function takeAhead({ context, task, host }: Execution, key: string): Prefetched | undefined {
  const state = context.hosts.get(host)
  const prefetched = state?.prefetched.get(task)
  state?.prefetched.delete(task)
  if (prefetched?.key !== key || prefetched.isOutdatedHere()) return undefined
  return prefetched.readers.some(({ isDoubtful }) => isDoubtful) ? undefined : prefetched
}
