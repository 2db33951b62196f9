import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { PlanWatch } from '../../engine/plan/plan-watch.ts'
import { selectHosts } from '../../inventory/select-hosts.ts'
import { listPlaybook } from '../../playbook/listing.ts'
import { withProductGroups } from '../../playbook/product-groups.ts'
import type { Playbook } from '../../playbook/playbook.ts'
import type { Reporter } from '../../report/reporter.ts'
import type { RunOptions } from '../options.ts'
import { checkVaultPassword } from '../check-vault-password.ts'
import { exitCodes } from '../exit-code.ts'
import { limitedHosts } from '../limit.ts'
import { openInventory, type OpenedInventory } from '../open-inventory.ts'
import { loadCheckedPlaybooks, requireSomeHost } from '../checked-playbook.ts'
import { checkPlanOptions, makePlan } from '../make-plan.ts'
import { packageRoot } from '../package-root.ts'
import type { ProcessView } from '../process.ts'
import { reported } from '../reported.ts'
import { runPlaybook, runPlaybooks } from '../run-playbook.ts'

/** `elkseal run`: every playbook in turn, until one fails. Input is read and checked whole before any host is touched. */
export async function runCommand(files: readonly string[], given: RunOptions, view: ProcessView): Promise<number> {
  const options = given.planOut === undefined ? given : { ...given, check: true }
  return reported(options, view, async (reporter) => {
    const [first = ''] = files
    checkPlanOptions(files, options)
    const opened = openInventory(options, view, dirname(resolvePlaybook(first, view)))
    reporter.learn(opened.redactor)
    const resolved = files.map((file) => resolvePlaybook(file, view))
    const playbooks = loadCheckedPlaybooks(resolved, { opened, options, view })
    if (options.syntaxCheck === true) return exitCodes.ok
    if (options.listHosts === true || options.listTasks === true || options.listTags === true) {
      for (const playbook of playbooks) view.stdout.write(listing(playbook, { opened, options, view }))
      return exitCodes.ok
    }
    requireSomeHost(playbooks, { opened, options, view })
    checkVaultPassword({ opened, options, view })
    if (options.planOut !== undefined)
      return await planFirst(playbooks, options.planOut, { opened, options, view, reporter })
    return await runPlaybooks(playbooks, { opened, options, view, reporter })
  })
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

/** There is only one: `checkPlanOptions`. */
function planFirst(playbooks: readonly Playbook[], file: string, parts: RunParts): Promise<number> {
  const [playbook] = playbooks
  if (playbook === undefined) throw new TypeError('a command without a playbook')
  const check = (plan: PlanWatch) =>
    runPlaybook(playbook, { ...parts, journaled: false, plan }, (event) => parts.reporter.listen(event))
  return makePlan(playbook, file, { ...parts, check })
}
