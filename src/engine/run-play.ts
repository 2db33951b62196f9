import { resolve } from 'node:path'
import { readVariableFile } from '../inventory/variable-files.ts'
import type { Item, Play, Task } from '../playbook/playbook.ts'
import { orderHosts, splitBatches } from '../playbook/batches.ts'
import { namesOnlyProducts } from '../playbook/product-groups.ts'
import { BatchRun } from './batch-run.ts'
import { flushHandlers } from './handlers.ts'
import { implicitTask } from './implicit-task.ts'
import { playHosts } from './play-hosts.ts'
import { playRecord } from './journal/play-record.ts'
import { rollOrder, rollTasks } from './roll/roll.ts'
import type { RunContext } from './run-context.ts'
import { runItems } from './run-items.ts'
import { restoreAfterTrouble } from './roll/restore-after-trouble.ts'
import { settleRoll, tellStopped } from './roll/settle-roll.ts'
import { taskScope, type TaskPlace } from './task-scope.ts'
import { numberOf } from './values.ts'

/** Runs one play, batch by batch. Returns false when the playbook must not go on. */
export async function runPlay(context: RunContext, play: Play): Promise<boolean> {
  const hosts = playHosts(context, play)
  const absent = hosts.length === 0 && namesOnlyProducts(play.hosts)
  context.listen({ event: 'play', play: play.name, hosts, ...(absent ? { absent } : {}) })
  context.plan?.play(play.name, hosts)
  if (hosts.length === 0) return true
  context.lock.expect(play, hosts)
  context.journal.append(playRecord(play, hosts))
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
      const ahead = batches.slice(index + 1).flat()
      if (context.interruption.soon) tellNotBegun(context, play, ahead)
      else if (play.roll !== undefined)
        tellStopped(context, { ...standing(context, batches.slice(0, index + 1)), ahead })
      return false
    }
  }
  return true
}

/** Who is in trouble in the last of the batches, and who came through those before it. */
function standing(context: RunContext, batches: readonly (readonly string[])[]) {
  const isBad = (host: string) => anyTrouble(context, [host])
  return {
    bad: (batches.at(-1) ?? []).filter(isBad),
    done: batches
      .slice(0, -1)
      .flat()
      .filter((host) => !isBad(host)),
  }
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
  context.journal.append({ record: 'batch', hosts: place.batchHosts })
  const roll = rollTasks(play)
  const facts: readonly Task[] = play.gatherFacts ? [gatheringFacts(play)] : []
  const own = [play.preTasks, play.tasks, play.postTasks]
  const sections = [
    [...facts, ...roll.before, ...play.preTasks],
    play.tasks,
    [...play.postTasks, ...roll.restore, ...roll.after],
  ]
  let well: readonly string[] = place.batchHosts
  for (const [index, section] of sections.entries()) {
    well = await runItems(batch, section, well, place)
    if (batch.isCutOff) leaveUnfinished(batch, well, own.slice(index + 1).flat())
    else well = await flushHandlers(batch, well, place)
    if (batch.stopped) break
  }
  await settleRoll(batch)
  await restoreAfterTrouble(batch, roll.restore)
  const conditions = Object.fromEntries(place.batchHosts.map((host) => [host, batch.condition(host)]))
  // After the second ctrl-C nobody knows how the batch would have ended.
  if (!context.interruption.signal.aborted) context.journal.append({ record: 'batch-end', conditions })
  return verdictOf(batch)
}

/** A failure that stops the batch between two sections, or before the handlers. */
function leaveUnfinished(batch: BatchRun, well: readonly string[], ahead: readonly Item[]): void {
  batch.leave(ahead.length > 0 ? well : well.filter((host) => batch.state(host).notified.size > 0))
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

/** What surrounds the items of a play. */
export function placeOf(
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
