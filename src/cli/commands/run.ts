import { dirname, resolve } from 'node:path'
import type { RunEvent } from '../../engine/events.ts'
import { run, type RunOutcome } from '../../engine/run.ts'
import { ElksealError, asError } from '../../errors.ts'
import { selectHosts, selectLimit } from '../../inventory/select-hosts.ts'
import { listPlaybook } from '../../playbook/listing.ts'
import { withProductGroups } from '../../playbook/product-groups.ts'
import type { Playbook } from '../../playbook/playbook.ts'
import type { Reporter } from '../../report/reporter.ts'
import type { RunOptions } from '../options.ts'
import { createReporter } from '../create-reporter.ts'
import { exitCodeOfError, exitCodeOfRun, exitCodes } from '../exit-code.ts'
import { openInventory, type OpenedInventory } from '../open-inventory.ts'
import { openRun } from '../open-run.ts'
import { loadCheckedPlaybook } from '../checked-playbook.ts'
import type { ProcessView } from '../process.ts'
import { reportProblems } from '../report-problems.ts'

/** `elkseal run`: every playbook in turn, until one fails. Input is read and checked whole before any host is touched. */
export async function runCommand(files: readonly string[], options: RunOptions, view: ProcessView): Promise<number> {
  const reporter = await createReporter(options, view)
  try {
    const [first = ''] = files
    const opened = openInventory(options, view, dirname(resolve(view.cwd, first)))
    reporter.learn(opened.redactor)
    const playbooks = files.map((file) => loadCheckedPlaybook(resolve(view.cwd, file), opened, options))
    if (options.syntaxCheck === true) return exitCodes.ok
    if (options.listHosts === true || options.listTasks === true || options.listTags === true) {
      for (const playbook of playbooks) view.stdout.write(listing(playbook, { opened, options, view }))
      return exitCodes.ok
    }
    return await runAll(playbooks, { opened, options, view, reporter })
  } catch (thrown) {
    const error = asError(thrown)
    if (!(error instanceof ElksealError)) throw error
    reportProblems(error, reporter)
    return exitCodeOfError(error)
  } finally {
    await reporter.finish()
  }
}

function listing(playbook: Playbook, { opened, options, view }: Omit<RunParts, 'reporter'>): string {
  const inventory = withProductGroups(opened.inventory)
  const limit = options.limit === undefined ? undefined : new Set(selectLimit(inventory, options.limit, view.cwd).hosts)
  const wanted = { hosts: options.listHosts, tasks: options.listTasks, tags: options.listTags } as const
  return listPlaybook(playbook, {
    show: (['hosts', 'tasks', 'tags'] as const).filter((what) => wanted[what] === true),
    hosts: (play) => selectHosts(inventory, play.hosts, { limit }).hosts,
    selection: options,
  })
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

/** One playbook with ctrl-C bound: first finish the batch, then stop at once. */
export async function runPlaybook(
  playbook: Playbook,
  parts: Omit<RunParts, 'reporter'> & { readonly journaled: boolean },
  listen: (event: RunEvent) => void,
): Promise<RunOutcome> {
  const context = openRun(playbook, { ...parts, listen })
  const unbind = parts.view.onInterrupt(() => {
    const meaning = context.interruption.request()
    listen({
      event: 'notice',
      level: 'warning',
      message:
        meaning === 'soon'
          ? 'Interrupted: this batch is finished, then the run stops. Once more stops at once'
          : 'Stopping at once: look at the hosts before the next run; running again carries on from what it finds',
    })
  })
  try {
    return await run(context)
  } finally {
    unbind()
  }
}
