import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { RunEvent } from '../../engine/events.ts'
import { ChangeDigests } from '../../engine/plan/change-digest.ts'
import { compareInputs, compareRuns, type Movement } from '../../engine/plan/compare-plans.ts'
import type { Plan } from '../../engine/plan/plan.ts'
import { readPlanText, type OpenedPlan } from '../../engine/plan/plan-file.ts'
import { PlanGuard } from '../../engine/plan/plan-guard.ts'
import { PlanRecorder } from '../../engine/plan/plan-recorder.ts'
import { fileErrorText, UsageError, type Problem } from '../../errors.ts'
import type { Playbook } from '../../playbook/playbook.ts'
import type { Reporter } from '../../report/reporter.ts'
import { Redactor } from '../../secrets/redactor.ts'
import { checkVaultPassword } from '../check-vault-password.ts'
import { loadCheckedPlaybook, requireSomeHost } from '../checked-playbook.ts'
import { exitCodeOfRun, exitCodes } from '../exit-code.ts'
import { inputsNow, inWords } from '../make-plan.ts'
import { openInventory, type OpenedInventory } from '../open-inventory.ts'
import { openConnections, type Connections } from '../open-run.ts'
import type { ApplyOptions, RunOptions } from '../options.ts'
import { packageVersion } from '../package-root.ts'
import type { ProcessView } from '../process.ts'
import { reported } from '../reported.ts'
import { knowsVaultPassword, vaultOf } from '../vault-sources.ts'
import { runPlaybook } from './run.ts'

interface ApplyParts extends OpenedPlan {
  readonly file: string
  readonly playbook: Playbook
  readonly opened: OpenedInventory
  readonly options: RunOptions
  readonly view: ProcessView
  readonly reporter: Reporter
}

/** `elkseal apply`: compares a plan with what is there now, and does just what it says, or nothing at all. */
export async function applyCommand(file: string, given: ApplyOptions, view: ProcessView): Promise<number> {
  return reported(given, view, async (reporter) => {
    const redactor = new Redactor()
    reporter.learn(redactor)
    const tell = (message: string) => view.stderr.write(`${message}\n`)
    const vault = vaultOf({ options: given, view, redactor, tell, check: false })
    const { plan, key } = readPlanText(textOf(resolve(view.cwd, file)), file, { vault, version: packageVersion() })
    const options = optionsOf(plan, given)
    const opened = openInventory(options, view, dirname(plan.command.playbook), { vault, redactor })
    const playbook = loadCheckedPlaybook(plan.command.playbook, opened, options)
    requireSomeHost([playbook], { opened, options, view })
    if (knowsVaultPassword({ options, view })) checkVaultPassword(opened)
    return await compareAndRun({ file, plan, key, playbook, opened, options, view, reporter })
  })
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (thrown) {
    throw new UsageError(`Cannot read the plan "${path}": ${fileErrorText(thrown)}`)
  }
}

/** What the plan does not say is how to reach the hosts from here, and what it must not say are passwords and values. */
function optionsOf({ command }: Plan, given: ApplyOptions): RunOptions {
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

async function compareAndRun(parts: ApplyParts): Promise<number> {
  const { plan, key, playbook, reporter } = parts
  const inputs = inputsNow(playbook, parts, key, Object.keys(plan.inputs.files))
  const moved = compareInputs(plan.inputs, inputs)
  if (moved.length > 0) return refuse(moved, parts)
  const listen = (event: RunEvent) => reporter.listen(event)
  const connections = openConnections({ ...parts, listen })
  let isHandedOver = false
  try {
    const { code, movements } = await compareHosts(parts, connections)
    if (code !== exitCodes.ok) return code
    if (movements.length > 0) return refuse(movements, parts)
    if (parts.options.check === true) return conclude('Nothing has moved: the plan still holds', parts)
    isHandedOver = true
    return await runPlan(parts, connections)
  } finally {
    if (!isHandedOver) await connections.pool.closeAll()
  }
}

/** The same check as when the plan was made, on connections that stay open for the run. */
async function compareHosts(
  parts: ApplyParts,
  { pool, connectionDefaults }: Connections,
): Promise<{ readonly code: number; readonly movements: readonly Movement[] }> {
  const { plan, key, playbook, opened, options, reporter } = parts
  reporter.listen({
    event: 'notice',
    level: 'info',
    message: `Comparing with the plan of ${plan.made}: ${inWords(plan)}`,
  })
  const recorder = new PlanRecorder(key, new ChangeDigests(key, opened.vault), (text) => opened.redactor.redact(text))
  const kept = { connectionDefaults, pool: { ...pool, closeAll: () => Promise.resolve() } }
  const check = { ...parts, options: { ...options, check: true }, journaled: false, connections: kept, plan: recorder }
  const outcome = await runPlaybook(playbook, check, (event) => tellTrouble(event, reporter))
  const code = exitCodeOfRun(outcome)
  if (code !== exitCodes.ok) {
    reporter.listen({ event: 'notice', level: 'warning', message: 'The plan was not applied: nothing was changed' })
  }
  return { code, movements: code === exitCodes.ok ? compareRuns(plan, recorder.finish()) : [] }
}

function runPlan(parts: ApplyParts, connections: Connections): Promise<number> {
  const { plan, key, playbook, opened, reporter } = parts
  const redact = (text: string) => opened.redactor.redact(text)
  const guard = new PlanGuard({ plan, digests: new ChangeDigests(key, opened.vault), redact })
  const run = { ...parts, journaled: true, connections, plan: guard }
  return runPlaybook(playbook, run, (event) => reporter.listen(event)).then(exitCodeOfRun)
}

/** The comparison is a check run whose results everybody has read in the plan: only what stops it is told. */
function tellTrouble(event: RunEvent, reporter: Reporter): void {
  if (event.event === 'notice' || event.event === 'problem') reporter.listen(event)
  if (event.event !== 'task' || (event.status !== 'failed' && event.status !== 'unreachable')) return
  reporter.listen({ event: 'problem', problem: { message: `[${event.host}] ${event.summary}`, hint: event.hint } })
}

function refuse(moved: readonly Movement[], { file, reporter }: ApplyParts): number {
  for (const problem of moved.map(problemOf)) reporter.listen({ event: 'problem', problem })
  const message = `The plan "${file}" was not applied, and nothing was changed: what is told above is not as it was. Make a new plan with elkseal run … --plan-out, and review it`
  reporter.listen({ event: 'notice', level: 'warning', message })
  return exitCodes.moved
}

function problemOf({ host, text }: Movement): Problem {
  return { message: host === undefined ? capital(text) : `${host}: ${text}` }
}

function capital(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`
}

function conclude(message: string, { reporter }: ApplyParts): number {
  reporter.listen({ event: 'notice', level: 'info', message })
  return exitCodes.ok
}
