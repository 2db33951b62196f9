import { ConnectionError } from '../../connection/connection.ts'
import { ElksealError } from '../../errors.ts'
import type { Play } from '../../playbook/playbook.ts'
import type { TaskFinished } from '../events.ts'
import { HostState } from '../host-state.ts'
import { orInterrupted } from '../interruption.ts'
import type { Change } from '../journal/run-story.ts'
import { counted } from '../roll/roll-back.ts'
import { hostState, type RunContext } from '../run-context.ts'
import { permittedSteps } from './change-steps.ts'
import { undoEvent } from './undo-event.ts'
import { openUndoGates } from './undo-gates.ts'
import { downFirst, type UndoGroup, type UndoStage } from './undo-plan.ts'
import { hostsOf } from './undo-play.ts'
import { undoSteps } from './undo-steps.ts'
import { verdictOf } from './undo-verdict.ts'

/** `in part`: gone to its end, but of some changes no old version is kept. */
export type UndoExtent = 'whole' | 'in part' | 'stopped'

/** Goes the way back, stage by stage. What stops it is told. */
export async function rollBackRun(context: RunContext, plan: readonly UndoStage[]): Promise<UndoExtent> {
  let extent: UndoExtent = 'whole'
  const play = playOf(context)
  context.listen({ event: 'play', play: play.name, hosts: hostsOf(plan) })
  context.lock.expect(play, hostsOf(plan))
  const gates = await openUndoGates(context, play, plan)
  const stages = downFirst(plan, (host) => gates.isDown(host))
  for (const [index, stage] of stages.entries()) {
    const left = stages.slice(index)
    if (context.interruption.soon) return tellLeft(context, left)
    const extents = await Promise.all(stage.map((group) => undoGroup(context, play, group)))
    if (extents.includes('stopped')) return tellLeft(context, left.slice(1))
    if (extents.includes('in part')) extent = 'in part'
    if (!(await gates.openAfter(stage))) return tellLeft(context, left.slice(1))
  }
  return extent
}

/** In check mode: what would be undone, by the journal. No host is asked. */
export function foresee(context: RunContext, plan: readonly UndoStage[]): void {
  const play = playOf(context)
  context.listen({ event: 'play', play: play.name, hosts: hostsOf(plan) })
  for (const group of plan.flat()) {
    const changes = group.changes.map(undoText)
    const { counts } = stateOf(context, group.host)
    counts.ok += 1
    counts.changed += 1
    const summary = `would undo ${counted(changes.length, 'change')}`
    context.listen({
      ...undoEvent,
      play: play.name,
      host: group.host,
      status: 'changed',
      summary,
      changes,
      ...timeless,
    })
  }
}

const timeless = { hint: undefined, durationMs: 0 } as const

function undoText({ effect, outcome, undoing }: Change): string {
  if (undoing === undefined) return `cannot be undone: ${effect}`
  return `${outcome === 'in doubt' ? 'undo, if it was done' : 'undo'}: ${effect}`
}

function playOf({ playbook }: RunContext): Play {
  const [play] = playbook.plays
  if (play === undefined) throw new TypeError('a rollback has a play')
  return play
}

async function undoGroup(context: RunContext, play: Play, group: UndoGroup): Promise<UndoExtent> {
  const { host, changes } = group
  const started = context.clock.now().getTime()
  const numbers = changes.map((change) => change.number)
  const steps = await permittedSteps(context, play, group)
  if (steps instanceof ElksealError) return tellRefused(context, play, { host, error: steps })
  context.journal.append({ record: 'undo', host, numbers })
  const work = undoSteps(steps, { restart: restartOf(changes) })
  const outcome = await orInterrupted(work, context.interruption.signal)
  const left = outcome.left.filter(({ step, notSaved }) => !notSaved || step.change.outcome === 'done')
  context.journal.append({ record: 'undone', host, numbers, ok: left.every(({ error }) => error === undefined) })
  const verdict = verdictOf(outcome, left, host)
  count(context, host, verdict.status)
  const durationMs = context.clock.now().getTime() - started
  context.listen({ ...undoEvent, play: play.name, host, ...verdict, durationMs })
  tellKept(context, host, outcome.kept)
  if (left.some(({ error }) => error !== undefined)) return 'stopped'
  return verdict.status === 'failed' ? 'in part' : 'whole'
}

function tellRefused(
  context: RunContext,
  play: Play,
  { host, error }: { host: string; error: ElksealError },
): UndoExtent {
  const status = error instanceof ConnectionError ? 'unreachable' : 'failed'
  count(context, host, status)
  const { message: summary, hint } = error
  context.listen({ ...undoEvent, play: play.name, host, status, summary, hint, durationMs: 0 })
  return 'stopped'
}

/** A restart that is in doubt, or that an earlier rollback was about to make, is made. */
function restartOf(changes: readonly Change[]): 'always' | 'when needed' {
  const isOpen = (change: Change) =>
    change.undone === 'begun' || (change.undoing?.kind === 'service' && change.outcome !== 'done')
  return changes.some(isOpen) ? 'always' : 'when needed'
}

function count(context: RunContext, host: string, status: TaskFinished['status']): void {
  const { counts } = stateOf(context, host)
  if (status === 'changed' || status === 'ok') counts.ok += 1
  if (status === 'changed' || status === 'failed' || status === 'unreachable') counts[status] += 1
}

function stateOf(context: RunContext, host: string): HostState {
  return hostState(context, host, () => new HostState(host, false))
}

function tellKept(context: RunContext, host: string, kept: readonly string[]): void {
  for (const path of kept) {
    const message = `Somebody else had changed a file on "${host}" after the run: that version is kept there as "${path}"`
    context.listen({ event: 'notice', level: 'warning', message })
  }
}

function tellLeft(context: RunContext, left: readonly UndoStage[]): UndoExtent {
  if (left.length > 0) {
    const message = `Not put back: ${hostsOf(left).join(', ')}`
    context.listen({ event: 'notice', level: 'warning', message })
  }
  return 'stopped'
}
