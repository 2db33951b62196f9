import type { KeptRun } from '../../engine/journal/run-folders.ts'
import type { RunStory } from '../../engine/journal/run-story.ts'
import { controllerName } from '../../engine/machine.ts'
import { run, type RunOutcome } from '../../engine/run.ts'
import { foresee, rollBackRun, type UndoExtent } from '../../engine/undo/roll-back-run.ts'
import { undoPlan, type UndoStage } from '../../engine/undo/undo-plan.ts'
import { undoPlay } from '../../engine/undo/undo-play.ts'
import { throwProblems, UsageError } from '../../errors.ts'
import type { Reporter } from '../../report/reporter.ts'
import { checkVaultPassword } from '../check-vault-password.ts'
import { exitCodeOfRun, exitCodes } from '../exit-code.ts'
import { bindInterrupts } from '../interrupts.ts'
import { limitedHosts } from '../limit.ts'
import type { OpenedInventory } from '../open-inventory.ts'
import { openRun } from '../open-run.ts'
import type { RollbackOptions, RunOptions } from '../options.ts'
import type { ProcessView } from '../process.ts'
import { reported } from '../reported.ts'
import { findKept, openInventoryOf, sourceProblems } from '../same-run.ts'

/** `elkseal rollback`: undoes what a run changed, from its journal and from what the hosts have kept. */
export async function rollbackCommand(
  id: string | undefined,
  given: RollbackOptions,
  view: ProcessView,
): Promise<number> {
  const options: RunOptions = { ...given, tags: [], skipTags: [] }
  return reported(options, view, async (reporter) => {
    const wanted = { pick: latestStanding, what: 'that changed anything' }
    const kept = findKept(id, wanted, { options, view })
    const opened = openInventoryOf(kept, { options, view, reporter })
    throwProblems(sourceProblems(kept.story, opened))
    const plan = planOf(kept.story, { opened, options, view })
    checkVaultPassword({ opened, options, view })
    return await goBack(kept, plan, { opened, options, view, reporter })
  })
}

function latestStanding(runs: Iterable<KeptRun>): KeptRun | undefined {
  for (const kept of runs) if (kept.story.changes.some((change) => change.undone !== 'yes')) return kept
  return undefined
}

interface Parts {
  readonly opened: OpenedInventory
  readonly options: RunOptions
  readonly view: ProcessView
}

/** With --limit the store on this machine stays: the other hosts still have what fits it. */
function planOf(story: RunStory, { opened, options, view }: Parts): readonly UndoStage[] {
  const limit = limitedHosts(opened.inventory, options.limit, view.cwd)
  const changes = story.changes.filter((change) => limit === undefined || limit.has(change.host))
  const plan = undoPlan(changes, controllerName)
  const unknown = [...new Set(plan.flat().map((group) => group.host))].filter(
    (host) => host !== controllerName && !opened.inventory.hosts.has(host),
  )
  throwProblems(
    unknown.map((host) => ({ message: `The run changed "${host}", which is not in the inventory any more` })),
  )
  if (plan.length > 0) return plan
  const where = limit === undefined ? '' : ' on these hosts'
  throw new UsageError(`Of run "${story.run.id}" nothing is left to undo${where}`)
}

async function goBack(
  kept: KeptRun,
  plan: readonly UndoStage[],
  { opened, options, view, reporter }: Parts & { readonly reporter: Reporter },
): Promise<number> {
  const { story } = kept
  const listen = reporter.listen.bind(reporter)
  const playbook = { file: story.run.playbook, plays: [undoPlay(story.run.playbook, plan)] }
  const context = openRun(playbook, {
    opened,
    options,
    view,
    listen,
    journaled: true,
    kept: { ...kept, as: 'rollback' },
  })
  const unbind = bindInterrupts(context.interruption, {
    view,
    listen,
    soon: 'this host is finished, then the rollback stops',
  })
  let extent: UndoExtent = 'whole'
  try {
    const outcome = await run(context, async (framed) => {
      if (framed.check) foresee(framed, plan)
      else extent = await rollBackRun(framed, plan)
    })
    if (outcome.refused || options.check === true) return exitCodeOfRun(outcome)
    tellEnd(outcome, extent, { kept, options, listen })
    const code = exitCodeOfRun(outcome)
    return code === exitCodes.ok && extent !== 'whole' ? exitCodes.failed : code
  } finally {
    unbind()
  }
}

function tellEnd(
  outcome: RunOutcome,
  extent: UndoExtent,
  { kept, options, listen }: { kept: KeptRun; options: RunOptions; listen: Reporter['listen'] },
): void {
  const { id } = kept.story.run
  const sources = options.inventory.map((source) => ` -i ${source}`).join('')
  const limited = options.limit === undefined ? '' : ' on the hosts of --limit'
  const isStopped = extent === 'stopped' || outcome.interrupted || outcome.unreachable.length > 0
  const message = isStopped
    ? `Run ${id} is not undone everywhere. To go on with it: elkseal rollback ${id}${sources}`
    : `Run ${id} is undone${limited}${extent === 'whole' ? '' : ', but for what is named above'}`
  listen({ event: 'notice', level: 'info', message })
}
