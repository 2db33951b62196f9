import { resolve } from 'node:path'
import { readVariableFile } from '../inventory/variable-files.ts'
import type { Play, Task } from '../playbook/playbook.ts'
import { orderHosts, splitBatches } from '../playbook/batches.ts'
import { BatchRun } from './batch-run.ts'
import { flushHandlers } from './handlers.ts'
import type { HostState } from './host-state.ts'
import { implicitTask } from './implicit-task.ts'
import { playHosts } from './play-hosts.ts'
import { rollOrder, rollTasks } from './roll.ts'
import { rollBack, tellUnreachable } from './roll-back.ts'
import type { RunContext } from './run-context.ts'
import { runItems } from './run-items.ts'
import { taskScope, type TaskPlace } from './task-scope.ts'
import { numberOf } from './values.ts'

/** Runs one play, batch by batch. Returns false when the playbook must not go on. */
export async function runPlay(context: RunContext, play: Play): Promise<boolean> {
  const hosts = playHosts(context, play)
  context.listen({ event: 'play', play: play.name, hosts })
  if (hosts.length === 0) return true
  const ordered = play.roll === undefined ? orderHosts(hosts, play.order) : rollOrder(context, play, hosts)
  const batches = splitBatches(ordered, serialOf(context, play, ordered))
  for (const [index, batchHosts] of batches.entries()) {
    if (context.interruption.soon) {
      tellNotBegun(context, play, batches.slice(index).flat())
      return false
    }
    const well = batchHosts.filter((host) => (context.hosts.get(host)?.condition ?? 'well') === 'well')
    if (well.length === 0) continue
    if (batches.length > 1) {
      context.listen({ event: 'batch', play: play.name, number: index + 1, of: batches.length, hosts: well })
    }
    const verdict = await runBatch(context, placeOf(context, play, { playHosts: ordered, batchHosts: well }))
    if (verdict === 'end-play') return !anyTrouble(context, batchHosts)
    if (verdict === 'stop') {
      if (context.interruption.soon) tellNotBegun(context, play, batches.slice(index + 1).flat())
      return false
    }
  }
  return true
}

function tellNotBegun(context: RunContext, play: Play, hosts: readonly string[]): void {
  if (hosts.length === 0) return
  const message = `Not begun in play "${play.name}": ${hosts.join(', ')}`
  context.listen({ event: 'notice', level: 'warning', message })
}

/** `serial` may be a template; it is the play's, so the first host's variables decide. */
function serialOf(context: RunContext, play: Play, hosts: readonly string[]): Play['serial'] {
  const scope = taskScope(
    context,
    hosts[0] ?? 'localhost',
    placeOf(context, play, { playHosts: hosts, batchHosts: [] }),
  )
  return play.serial.map((step) => {
    const rendered = scope.renderValue(step)
    return typeof rendered === 'number' ? rendered : String(rendered)
  })
}

type Verdict = 'go-on' | 'end-play' | 'stop'

/** A batch is a whole run of the play: facts, pre_tasks, tasks, post_tasks, handlers after each section. */
async function runBatch(context: RunContext, place: TaskPlace): Promise<Verdict> {
  const { play } = place
  const batch = new BatchRun(context, place)
  const roll = rollTasks(play)
  const facts: readonly Task[] = play.gatherFacts ? [gatheringFacts(play)] : []
  const sections = [[...facts, ...roll.before, ...play.preTasks], play.tasks, [...play.postTasks, ...roll.after]]
  let well: readonly string[] = place.batchHosts
  for (const section of sections) {
    well = await runItems(batch, section, well, place)
    well = await flushHandlers(batch, well, place)
    if (batch.stopped) break
  }
  await settleRoll(batch)
  return verdictOf(batch)
}

/**
 * A node that failed in a roll is put back as it was, and one that a batch stopped and, for another's failure, does not
 * start again; one that came through needs no undoing any more.
 */
async function settleRoll(batch: BatchRun): Promise<void> {
  const { play, hosts, context } = batch
  if (play.roll?.rollback !== true || context.check) return
  const settle = async (host: string): Promise<void> => {
    const state = context.hosts.get(host)
    if (context.interruption.signal.aborted) tellHalfDone(context, host, state?.performed.length ?? 0)
    else if (state?.condition === 'unreachable') tellUnreachable(context, host)
    else if (state?.condition === 'failed' || (batch.stopped && isLeftStopped(state))) {
      await rollBack(context, play, host)
    } else state?.performed.splice(0)
  }
  // Together: a node may wait for the others before it calls itself started.
  await Promise.all(hosts.map(settle))
}

function isLeftStopped(state: HostState | undefined): boolean {
  const last = state?.performed.findLast(({ effect }) => effect.kind === 'set-service')?.effect
  return last?.kind === 'set-service' && last.action === 'stop'
}

/** Undoing takes a service's time as well: who wants to stop at once is told what stands instead. */
function tellHalfDone(context: RunContext, host: string, changes: number): void {
  const message =
    changes === 0
      ? `"${host}" was stopped before anything was changed on it`
      : `"${host}" is in the middle of its batch: ${String(changes)} changes of this run stand, nothing was undone`
  context.listen({ event: 'notice', level: 'warning', message })
}

function verdictOf(batch: BatchRun): Verdict {
  const { play, hosts, context } = batch
  if (context.interruption.signal.aborted) return 'stop'
  const bad = hosts.filter((host) => ['failed', 'unreachable'].includes(batch.condition(host)))
  // A roll stops at the first bad host, unreachable ones included: the next node must not go down as well.
  if (play.roll !== undefined && bad.length > 0) return 'stop'
  if (bad.length === hosts.length) return 'stop'
  if (play.anyErrorsFatal && bad.length > 0) return 'stop'
  if (exceedsLimit(batch, bad.length)) return 'stop'
  return batch.playEnded ? 'end-play' : 'go-on'
}

function exceedsLimit(batch: BatchRun, bad: number): boolean {
  const { play, hosts, context, place } = batch
  const [first] = hosts
  if (play.maxFailPercentage === undefined || first === undefined) return false
  const limit = numberOf(taskScope(context, first, place).renderValue(play.maxFailPercentage), 'max_fail_percentage')
  return (bad / hosts.length) * 100 > limit
}

function anyTrouble(context: RunContext, hosts: readonly string[]): boolean {
  return hosts.some((host) => ['failed', 'unreachable'].includes(context.hosts.get(host)?.condition ?? 'well'))
}

function placeOf(
  context: RunContext,
  play: Play,
  hosts: { readonly playHosts: readonly string[]; readonly batchHosts: readonly string[] },
): TaskPlace {
  const place: TaskPlace = { play, varsFiles: [], inherited: play.common, ...hosts }
  return { ...place, varsFiles: varsFilesOf(context, play, place) }
}

function varsFilesOf(context: RunContext, play: Play, place: TaskPlace): TaskPlace['varsFiles'] {
  const [first] = place.batchHosts
  if (first === undefined || play.varsFiles.length === 0) return []
  const scope = taskScope(context, first, place)
  return play.varsFiles.map((file) =>
    readVariableFile(resolve(play.folder, scope.render(file)), context.vault, context.redactor),
  )
}

/** Ansible's implicit first task. */
function gatheringFacts(play: Play): Task {
  return implicitTask(play, { name: 'Gathering Facts', module: 'setup', position: play.position })
}
