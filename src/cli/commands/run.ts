import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { defaultKeptRuns } from '../../engine/effects/backup-folder.ts'
import type { RunEvent } from '../../engine/events.ts'
import { expireRuns } from '../../engine/journal/run-folders.ts'
import type { PlanWatch } from '../../engine/plan/plan-watch.ts'
import type { RunContext } from '../../engine/run-context.ts'
import { run, type RunOutcome } from '../../engine/run.ts'
import { InputError, throwProblems, type Problem } from '../../errors.ts'
import { selectHosts } from '../../inventory/select-hosts.ts'
import { listPlaybook } from '../../playbook/listing.ts'
import { withProductGroups } from '../../playbook/product-groups.ts'
import type { Playbook } from '../../playbook/playbook.ts'
import type { Reporter } from '../../report/reporter.ts'
import type { RunOptions } from '../options.ts'
import { checkVaultPassword } from '../check-vault-password.ts'
import { exitCodeOfRun, exitCodes } from '../exit-code.ts'
import { tellHowToGoOn } from '../how-to-go-on.ts'
import { bindInterrupts } from '../interrupts.ts'
import { limitedHosts } from '../limit.ts'
import { openInventory, type OpenedInventory } from '../open-inventory.ts'
import { openRun, type RunParts as OpenedRunParts } from '../open-run.ts'
import { loadCheckedPlaybook, requireSomeHost } from '../checked-playbook.ts'
import { checkPlanOptions, makePlan } from '../make-plan.ts'
import { packageRoot } from '../package-root.ts'
import type { ProcessView } from '../process.ts'
import { reported } from '../reported.ts'
import { knowsVaultPassword } from '../vault-sources.ts'

/** `elkseal run`: every playbook in turn, until one fails. Input is read and checked whole before any host is touched. */
export async function runCommand(files: readonly string[], given: RunOptions, view: ProcessView): Promise<number> {
  const options = given.planOut === undefined ? given : { ...given, check: true }
  return reported(options, view, async (reporter) => {
    const [first = ''] = files
    checkPlanOptions(files, options)
    const opened = openInventory(options, view, dirname(resolvePlaybook(first, view)))
    reporter.learn(opened.redactor)
    const playbooks = loadAll(files, { opened, options, view })
    if (options.syntaxCheck === true) return exitCodes.ok
    if (options.listHosts === true || options.listTasks === true || options.listTags === true) {
      for (const playbook of playbooks) view.stdout.write(listing(playbook, { opened, options, view }))
      return exitCodes.ok
    }
    requireSomeHost(playbooks, { opened, options, view })
    if (knowsVaultPassword({ options, view })) checkVaultPassword(opened)
    if (options.planOut !== undefined)
      return await planFirst(playbooks, options.planOut, { opened, options, view, reporter })
    return await runAll(playbooks, { opened, options, view, reporter })
  })
}

/** The problems of all playbooks are shown together. */
function loadAll(files: readonly string[], { opened, options, view }: Omit<RunParts, 'reporter'>): readonly Playbook[] {
  const problems: Problem[] = []
  const playbooks = files.flatMap((file) => {
    try {
      return [loadCheckedPlaybook(resolvePlaybook(file, view), opened, options)]
    } catch (thrown) {
      if (!(thrown instanceof InputError)) throw thrown
      problems.push(...thrown.problems)
      return []
    }
  })
  throwProblems(problems)
  return playbooks
}

function listing(playbook: Playbook, { opened, options, view }: Omit<RunParts, 'reporter'>): string {
  const inventory = withProductGroups(opened.inventory)
  const limit = limitedHosts(inventory, options.limit, view.cwd)
  const wanted = { hosts: options.listHosts, tasks: options.listTasks, tags: options.listTags } as const
  return listPlaybook(playbook, {
    show: (['hosts', 'tasks', 'tags'] as const).filter((what) => wanted[what] === true),
    hosts: (play) => selectHosts(inventory, play.hosts, { limit }).hosts,
    selection: options,
  })
}

/** A playbook of the user's; where there is none of that name, the one that elkseal ships. */
function resolvePlaybook(file: string, view: ProcessView): string {
  const own = resolve(view.cwd, file)
  const shipped = resolve(packageRoot(), file)
  return !existsSync(own) && existsSync(shipped) ? shipped : own
}

interface RunParts {
  readonly opened: OpenedInventory
  readonly options: RunOptions
  readonly view: ProcessView
  readonly reporter: Reporter
}

async function runAll(playbooks: readonly Playbook[], parts: RunParts): Promise<number> {
  let code: number = exitCodes.ok
  for (const playbook of playbooks) {
    const outcome = await runPlaybook(playbook, { ...parts, journaled: true }, (event) => parts.reporter.listen(event))
    code = exitCodeOfRun(outcome)
    if (code !== exitCodes.ok) return code
  }
  return code
}

/** There is only one: `checkPlanOptions`. */
function planFirst(playbooks: readonly Playbook[], file: string, parts: RunParts): Promise<number> {
  const [playbook] = playbooks
  if (playbook === undefined) throw new TypeError('a command without a playbook')
  const check = (plan: PlanWatch) =>
    runPlaybook(playbook, { ...parts, journaled: false, plan }, (event) => parts.reporter.listen(event))
  return makePlan(playbook, file, { ...parts, check })
}

/** One playbook with ctrl-C bound: first finish the batch, then stop at once. */
export async function runPlaybook(
  playbook: Playbook,
  parts: Omit<RunParts, 'reporter'> & Pick<OpenedRunParts, 'journaled' | 'kept' | 'plan' | 'connections'>,
  listen: (event: RunEvent) => void,
): Promise<RunOutcome> {
  const context = openRun(playbook, { ...parts, listen })
  const soon = 'this batch is finished, then the run stops'
  const unbind = bindInterrupts(context.interruption, { view: parts.view, listen, soon })
  try {
    const outcome = await run(context)
    tellHowToGoOn(context, outcome, parts.options)
    if (context.journal.folder !== undefined && exitCodeOfRun(outcome) === exitCodes.ok)
      expireKept(context, parts.opened)
    return outcome
  } catch (thrown) {
    tellHowToGoOn(context, { failed: [], unreachable: [], interrupted: true, refused: false }, parts.options)
    throw thrown
  } finally {
    unbind()
  }
}

/** As many runs are kept here as on the hosts, by the variables of the first of them. */
function expireKept(context: RunContext, { stateFolder, inventory, variables }: OpenedInventory): void {
  const [first] = inventory.hosts.keys()
  const known = { ...(first === undefined ? {} : variables.ofHost(first)), ...context.extraVars }
  const given = Number(known['elkseal_keep_runs'] ?? defaultKeptRuns)
  expireRuns(stateFolder, { keep: Number.isInteger(given) && given > 0 ? given : defaultKeptRuns, own: context.id })
}
