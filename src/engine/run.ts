import { randomUUID } from 'node:crypto'
import { asError } from '../errors.ts'
import type { HostCounts } from './events.ts'
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
}

/** A name for a run that sorts by time: 2026-11-24T19-45-15-3f2a. */
export function newRunId(now: Date): string {
  return `${now.toISOString().slice(0, 19).replaceAll(':', '-')}-${randomUUID().slice(0, 4)}`
}

/** Runs the plays of a validated playbook one after the other. Every host problem is an event; only our own bugs throw. */
export async function run(context: RunContext): Promise<RunOutcome> {
  const started = context.clock.now()
  context.listen({ event: 'run', id: context.id, playbook: context.playbook.file, check: context.check, started })
  try {
    await runPlays(context)
  } catch (thrown) {
    if (!context.interruption.signal.aborted) throw asError(thrown)
  } finally {
    const closed = context.pool.closeAll()
    // A login that still goes on keeps nobody waiting who wants to stop.
    await (context.interruption.signal.aborted ? Promise.race([closed, context.clock.sleep(closeTimeoutMs)]) : closed)
  }
  const durationMs = context.clock.now().getTime() - started.getTime()
  context.listen({ event: 'recap', check: context.check, hosts: recapOf(context), durationMs })
  const outcome = outcomeOf(context)
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

function outcomeOf(context: RunContext): RunOutcome {
  const hosts = [...context.hosts.values()]
  return {
    failed: hosts.filter(({ counts }) => counts.failed > 0).map(({ name }) => name),
    unreachable: hosts.filter(({ counts }) => counts.unreachable > 0).map(({ name }) => name),
    interrupted: context.interruption.soon,
  }
}

function endStatus(outcome: RunOutcome): 'complete' | 'failed' | 'interrupted' {
  if (outcome.interrupted) return 'interrupted'
  return outcome.failed.length + outcome.unreachable.length > 0 ? 'failed' : 'complete'
}
