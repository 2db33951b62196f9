import { randomUUID } from 'node:crypto'
import { asError } from '../errors.ts'
import type { HostCounts, RunEvent } from './events.ts'
import type { RunStatus } from './journal/record.ts'
import { LockRefused } from './lock/run-lock.ts'
import type { Play } from '../playbook/playbook.ts'
import { startAt } from '../playbook/start-at-task.ts'
import type { RunContext } from './run-context.ts'
import { runPlay } from './run-play.ts'

const closeTimeoutMs = 1_000

/** How a run ended; the command line makes the exit code of it. */
export interface RunOutcome {
  readonly failed: readonly string[]
  readonly unreachable: readonly string[]
  readonly interrupted: boolean
  /** Another run is at work on the hosts: nothing was changed. */
  readonly refused: boolean
}

/** What is done between the first and the last word of a run. */
export type Work = (context: RunContext) => Promise<void>

/** A name for a run that sorts by time: 2026-11-24T19-45-15-042-3f2a. */
export function newRunId(now: Date): string {
  return `${now.toISOString().slice(0, 23).replaceAll(/[:.]/g, '-')}-${randomUUID().slice(0, 4)}`
}

/** Runs the plays of a validated playbook one after the other. Every host problem is an event; only our own bugs throw. */
export async function run(given: RunContext, work: Work = runPlays): Promise<RunOutcome> {
  let refusal: LockRefused | undefined
  // What is still under way when a run is refused has nothing to tell any more.
  const listen = (event: RunEvent) => (refusal === undefined ? given.listen(event) : undefined)
  const context = { ...given, listen }
  const started = context.clock.now()
  context.listen({ event: 'run', id: context.id, playbook: context.playbook.file, check: context.check, started })
  try {
    await Promise.race([work(context), context.lock.refused])
  } catch (thrown) {
    if (thrown instanceof LockRefused) {
      refusal = thrown
      for (const problem of thrown.problems) given.listen({ event: 'problem', problem })
      context.interruption.end(thrown)
    } else if (!context.interruption.signal.aborted) throw asError(thrown)
  } finally {
    await context.lock.release()
    const closed = context.pool.closeAll()
    // A login that still goes on keeps nobody waiting who wants to stop.
    const isHurried = context.interruption.signal.aborted && refusal === undefined
    await (isHurried ? Promise.race([closed, context.clock.sleep(closeTimeoutMs)]) : closed)
  }
  const durationMs = context.clock.now().getTime() - started.getTime()
  given.listen({ event: 'recap', check: context.check, hosts: recapOf(context), durationMs })
  const outcome = { ...outcomeOf(context), refused: refusal !== undefined }
  context.journal.append({ record: 'end', status: endStatus(outcome) })
  context.journal.close()
  return outcome
}

async function runPlays(context: RunContext): Promise<void> {
  let start = context.selection.startAtTask
  const { plays } = context.playbook
  for (const [index, whole] of plays.entries()) {
    const play = start === undefined ? whole : startAt(whole, start, context.selection)
    if (play === undefined) continue
    start = undefined
    const goesOn = await runPlay(context, play)
    if (context.interruption.soon) tellLeftOut(context, plays.slice(index + 1))
    if (!goesOn || context.interruption.soon) return
  }
}

function tellLeftOut(context: RunContext, plays: readonly Play[]): void {
  if (plays.length === 0) return
  const names = plays.map((play) => `"${play.name}"`).join(', ')
  context.listen({
    event: 'notice',
    level: 'warning',
    message: `Not begun: ${plays.length === 1 ? 'play' : 'plays'} ${names}`,
  })
}

function recapOf(context: RunContext): Readonly<Record<string, HostCounts>> {
  const touched = [...context.hosts.values()].filter(({ counts }) => Object.values(counts).some((count) => count > 0))
  return Object.fromEntries(
    touched.sort((a, b) => a.name.localeCompare(b.name)).map((state) => [state.name, { ...state.counts }]),
  )
}

function outcomeOf(context: RunContext): Omit<RunOutcome, 'refused'> {
  const hosts = [...context.hosts.values()]
  return {
    failed: hosts.filter(({ counts }) => counts.failed > 0).map(({ name }) => name),
    unreachable: hosts.filter(({ counts }) => counts.unreachable > 0).map(({ name }) => name),
    interrupted: context.interruption.soon,
  }
}

function endStatus(outcome: RunOutcome): RunStatus {
  if (outcome.refused) return 'refused'
  if (outcome.interrupted) return 'interrupted'
  return outcome.failed.length + outcome.unreachable.length > 0 ? 'failed' : 'complete'
}
