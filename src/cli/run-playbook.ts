import { defaultKeptRuns } from '../engine/effects/backup-folder.ts'
import type { RunEvent } from '../engine/events.ts'
import { expireRuns } from '../engine/journal/run-folders.ts'
import type { RunContext } from '../engine/run-context.ts'
import { run, type RunOutcome } from '../engine/run.ts'
import type { Playbook } from '../playbook/playbook.ts'
import type { Reporter } from '../report/reporter.ts'
import { exitCodeOfRun, exitCodes } from './exit-code.ts'
import { tellHowToGoOn } from './how-to-go-on.ts'
import { bindInterrupts } from './interrupts.ts'
import type { OpenedInventory } from './open-inventory.ts'
import { openRun, type RunParts } from './open-run.ts'
import { spareMemory } from './spare-memory.ts'

/** Every playbook in turn, until one fails; each is a run with a journal of its own. Returns the last exit code. */
export async function runPlaybooks(
  playbooks: readonly Playbook[],
  { reporter, ...parts }: Pick<RunParts, 'opened' | 'options' | 'view'> & { readonly reporter: Reporter },
): Promise<number> {
  for (const [index, playbook] of playbooks.entries()) {
    const following = playbooks.slice(index + 1)
    const outcome = await runPlaybook(playbook, { ...parts, journaled: true, following }, (event) =>
      reporter.listen(event),
    )
    const code = exitCodeOfRun(outcome)
    if (code !== exitCodes.ok) return code
  }
  return exitCodes.ok
}

/** One playbook with ctrl-C bound: first finish the batch, then stop at once. */
export async function runPlaybook(
  playbook: Playbook,
  parts: Omit<RunParts, 'listen'>,
  listen: (event: RunEvent) => void,
): Promise<RunOutcome> {
  await spareMemory(parts.opened.inventory.hosts.size)
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
