import type { RunEvent } from '../engine/events.ts'
import type { KeptRun } from '../engine/journal/run-folders.ts'
import { ChangeDigests } from '../engine/plan/change-digest.ts'
import { compareInputs, compareRemaining, compareRuns, type Movement } from '../engine/plan/compare-plans.ts'
import { learnMade } from '../engine/plan/kept-plan.ts'
import type { Plan } from '../engine/plan/plan.ts'
import type { OpenedPlan } from '../engine/plan/plan-file.ts'
import { PlanGuard } from '../engine/plan/plan-guard.ts'
import { PlanRecorder, type Recorded } from '../engine/plan/plan-recorder.ts'
import type { Problem } from '../errors.ts'
import type { Playbook } from '../playbook/playbook.ts'
import type { Reporter } from '../report/reporter.ts'
import type { Selected } from './checked-playbook.ts'
import { exitCodeOfRun, exitCodes } from './exit-code.ts'
import { inputsNow, inWords } from './make-plan.ts'
import { openConnections, type Connections } from './open-run.ts'
import type { ApplyOptions, RunOptions } from './options.ts'
import { runPlaybook } from './run-playbook.ts'

/** A run that does what a plan says. */
export interface PlannedRun extends OpenedPlan, Selected {
  /** As its user calls it, and its text. */
  readonly file: string
  readonly text: string
  readonly playbook: Playbook
  readonly reporter: Reporter
  /** One that was cut off, and goes on with what the plan has left. */
  readonly kept?: KeptRun
}

/** What the plan does not say is how to reach the hosts from here, and what it must not say are passwords and values. */
export function plannedOptions({ command }: Plan, given: ApplyOptions): RunOptions {
  const { user, become, becomeUser, becomeMethod, limit, startAtTask, tags, skipTags } = command
  const ofPlan = Object.entries({ user, become, becomeUser, becomeMethod, limit, startAtTask })
  const inventory = given.inventory.length > 0 ? given.inventory : command.inventory
  return {
    ...Object.fromEntries(ofPlan.filter(([, value]) => value !== undefined)),
    tags,
    skipTags,
    ...given,
    inventory,
  }
}

/** Compares a plan with what is there now, and does just what it says, or nothing at all. */
export async function followPlan(planned: PlannedRun): Promise<number> {
  const { plan, key, playbook, reporter, options } = planned
  const moved = compareInputs(plan.inputs, inputsNow(playbook, planned, key, Object.keys(plan.inputs.files)))
  if (moved.length > 0) return refuse(moved, planned)
  const listen = (event: RunEvent) => reporter.listen(event)
  const connections = openConnections({ ...planned, listen })
  let isHandedOver = false
  try {
    const { code, movements } = await compareHosts(planned, connections)
    if (code !== exitCodes.ok) return code
    if (movements.length > 0) return refuse(movements, planned)
    if (options.check === true) return conclude(planned)
    isHandedOver = true
    return await runPlan(planned, connections)
  } finally {
    if (!isHandedOver) await connections.pool.closeAll()
  }
}

/** The same check as when the plan was made, on connections that stay open for the run. */
async function compareHosts(
  planned: PlannedRun,
  { pool, connectionDefaults }: Connections,
): Promise<{ readonly code: number; readonly movements: readonly Movement[] }> {
  const { plan, key, playbook, opened, options, reporter } = planned
  reporter.listen({
    event: 'notice',
    level: 'info',
    message: `Comparing with the plan of ${plan.made}: ${inWords(plan)}`,
  })
  const recorder = new PlanRecorder(key, digestsOf(planned), (text) => opened.redactor.redact(text))
  const lent = { connectionDefaults, pool: { ...pool, closeAll: () => Promise.resolve() } }
  const check = { ...runParts(planned), options: { ...options, check: true }, connections: lent, plan: recorder }
  const outcome = await runPlaybook(playbook, { ...check, journaled: false }, (event) => tellTrouble(event, reporter))
  const code = exitCodeOfRun(outcome)
  if (code === exitCodes.ok) return { code, movements: compare(planned, recorder.finish()) }
  reporter.listen({ event: 'notice', level: 'warning', message: `${notDone(planned)}: nothing was changed` })
  return { code, movements: [] }
}

function compare({ plan, kept }: PlannedRun, now: Recorded): readonly Movement[] {
  if (kept === undefined) return compareRuns(plan, now)
  return compareRemaining(plan, now, new Set(kept.story.changes.map(({ host }) => host)))
}

function runPlan(planned: PlannedRun, connections: Connections): Promise<number> {
  const { plan, playbook, opened, reporter, file, text } = planned
  const guard = new PlanGuard({ plan, digests: digestsOf(planned), redact: (shown) => opened.redactor.redact(shown) })
  const run = { ...runParts(planned), journaled: true, connections, plan: guard, applied: { file, text } }
  return runPlaybook(playbook, run, (event) => reporter.listen(event)).then(exitCodeOfRun)
}

function runParts({ opened, options, view, kept }: PlannedRun) {
  return { opened, options, view, ...(kept === undefined ? {} : { kept: { ...kept, as: 'resumed' } as const }) }
}

/** Of one run each: what it makes at random is its own. */
function digestsOf({ key, opened, kept }: PlannedRun): ChangeDigests {
  const digests = new ChangeDigests(key, opened.vault)
  if (kept !== undefined) learnMade(digests, kept)
  return digests
}

/** The comparison is a check run whose results everybody has read in the plan: only what stops it is told. */
function tellTrouble(event: RunEvent, reporter: Reporter): void {
  if (event.event === 'notice' || event.event === 'problem') reporter.listen(event)
  if (event.event !== 'task' || (event.status !== 'failed' && event.status !== 'unreachable')) return
  reporter.listen({ event: 'problem', problem: { message: `[${event.host}] ${event.summary}`, hint: event.hint } })
}

function refuse(moved: readonly Movement[], planned: PlannedRun): number {
  for (const problem of moved.map(problemOf)) planned.reporter.listen({ event: 'problem', problem })
  const how = planned.kept === undefined ? 'is not as it was' : 'is not as planned'
  const message = `${notDone(planned)}, and nothing was changed: what is told above ${how}. Make a new plan with elkseal run … --plan-out, and review it`
  planned.reporter.listen({ event: 'notice', level: 'warning', message })
  return exitCodes.moved
}

function notDone({ file, kept }: PlannedRun): string {
  if (kept === undefined) return `The plan "${file}" was not applied`
  return `Run ${kept.story.run.id} does not go on by the plan "${file}"`
}

function problemOf({ host, text }: Movement): Problem {
  return { message: host === undefined ? capital(text) : `${host}: ${text}` }
}

function capital(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`
}

function conclude({ kept, reporter }: PlannedRun): number {
  const message =
    kept === undefined
      ? 'Nothing has moved: the plan still holds'
      : 'What is left to do is in the plan: the run can go on by it'
  reporter.listen({ event: 'notice', level: 'info', message })
  return exitCodes.ok
}
