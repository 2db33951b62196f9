import { TaskError } from '../errors.ts'
import type { Task } from '../playbook/playbook.ts'
import type { BatchRun } from './batch-run.ts'
import { notifiedHandlers } from './notified-handlers.ts'
import { inherit } from './inherit.ts'
import type { TaskResult } from './execution.ts'
import { runTask } from './run-task.ts'
import { taskName } from './tell-result.ts'
import { neverChanges } from './never-changes.ts'
import { taskScope, type TaskPlace } from './task-scope.ts'
import { isTrue } from './values.ts'

/** Runs a task on the hosts, at most `forks` at a time. Returns the hosts that it failed on. */
export async function runTaskOnHosts(
  batch: BatchRun,
  task: Task,
  hosts: readonly string[],
  place: TaskPlace,
): Promise<ReadonlySet<string>> {
  const { context } = batch
  const [first] = hosts
  if (first === undefined) return new Set()
  const scope = taskScope(context, first, { ...place, inherited: inherit(place.inherited, task.common) })
  const runOnce = isTrue(place.inherited.runOnce ?? task.common.runOnce ?? false)
  const some = runOnce ? [first] : hosts
  context.listen({
    event: 'task-start',
    play: batch.play.name,
    task: taskName(task, scope),
    handler: batch.play.handlers.includes(task),
    hosts: some,
  })
  const results = await inForks(some, context.forks, async (host) => ({
    host,
    result: await runTask(context, task, host, place),
  }))
  for (const { host, result } of results) count(batch, host, result)
  if (runOnce) return shareResult(batch, task, hosts, results[0]?.result)
  const failed = new Set<string>()
  for (const { host, result } of results) if (conclude(batch, task, host, result)) failed.add(host)
  return failed
}

/** The result of run_once is every host's: its registered value, its facts, its failure. */
function shareResult(
  batch: BatchRun,
  task: Task,
  hosts: readonly string[],
  result: TaskResult | undefined,
): ReadonlySet<string> {
  if (result === undefined) return new Set()
  const failed = new Set<string>()
  for (const host of hosts) {
    const state = batch.state(host)
    if (task.register !== undefined) state.registered[task.register] = result.registered
    Object.assign(task.module === 'set_fact' ? state.registered : state.facts, result.facts)
    if (conclude(batch, task, host, result)) failed.add(host)
  }
  return failed
}

function count(batch: BatchRun, host: string, result: TaskResult): void {
  const { counts } = batch.state(host)
  switch (result.status) {
    case 'ok':
      counts.ok += 1
      return
    case 'changed':
      counts.ok += 1
      counts.changed += 1
      return
    case 'ignored':
      counts.ok += 1
      counts.ignored += 1
      return
    case 'undetermined':
      counts.undetermined += 1
      return
    case 'skipped':
    case 'failed':
    case 'unreachable':
    case 'rescued':
      counts[result.status] += 1
  }
}

/** Handlers and the host's condition after a result. True when the host is out. */
function conclude(batch: BatchRun, task: Task, host: string, result: TaskResult): boolean {
  if (result.status === 'changed' || (result.status === 'undetermined' && !neverChanges(task))) {
    const handlers = notifiedHandlers(batch, task, host)
    if (handlers instanceof TaskError) return failToNotify(batch, host, handlers)
    batch.notify(host, handlers)
  }
  if (result.status !== 'failed' && result.status !== 'unreachable') return false
  Object.assign(batch.state(host).registered, {
    ansible_failed_task: { name: task.name, action: task.module },
    ansible_failed_result: result.registered,
  })
  batch.fail(host, result.status)
  return true
}

/** A handler's name that only the run could know, and that is none: the change is made, its handler cannot run. */
function failToNotify(batch: BatchRun, host: string, { message, hint, position }: TaskError): boolean {
  batch.context.listen({ event: 'problem', problem: { message: `[${host}] ${message}`, hint, position } })
  batch.state(host).counts.failed += 1
  batch.fail(host, 'failed')
  return true
}

async function inForks<T, R>(items: readonly T[], forks: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  let next = 0
  const worker = async () => {
    for (let index = next++; index < items.length; index = next++) {
      results[index] = await work(items[index] as T)
    }
  }
  await Promise.all(Array.from({ length: Math.min(forks, items.length) }, worker))
  return results
}
