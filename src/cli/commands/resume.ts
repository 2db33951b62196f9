import { existsSync } from 'node:fs'
import type { KeptRun } from '../../engine/journal/run-folders.ts'
import type { RunStory } from '../../engine/journal/run-story.ts'
import { keptPlanText } from '../../engine/plan/kept-plan.ts'
import { readPlanText, type OpenedPlan } from '../../engine/plan/plan-file.ts'
import { throwProblems, UsageError, type Problem } from '../../errors.ts'
import type { Playbook } from '../../playbook/playbook.ts'
import type { Reporter } from '../../report/reporter.ts'
import { parseExtraVars } from '../../vars/extra-vars.ts'
import { checkVaultPassword } from '../check-vault-password.ts'
import { loadCheckedPlaybooks, requireSomeHost, type Selected } from '../checked-playbook.ts'
import { exitCodeOfRun, exitCodes } from '../exit-code.ts'
import { followPlan, plannedOptions, type PlannedRun } from '../follow-plan.ts'
import { playbookNames, tellStandings } from '../how-to-go-on.ts'
import type { OpenedInventory } from '../open-inventory.ts'
import type { ResumeOptions, RunOptions } from '../options.ts'
import { packageVersion } from '../package-root.ts'
import { playbookDigest } from '../playbook-digest.ts'
import type { ProcessView } from '../process.ts'
import { reported } from '../reported.ts'
import { runPlaybook, runPlaybooks } from '../run-playbook.ts'
import { findKept, openInventoryOf, sourceProblems } from '../same-run.ts'

/**
 * `elkseal resume`: the same playbook with the same limit and tags, under the same name. It verifies and does not
 * believe: the journal only tells how things stand, and what is done is found by looking.
 */
export async function resumeCommand(id: string | undefined, given: ResumeOptions, view: ProcessView): Promise<number> {
  return reported(given, view, async (reporter) => {
    const wanted = { pick: latestIncomplete, what: 'that did not complete' }
    const kept = findKept(id, wanted, { options: given, view })
    refuseSettled(kept, given)
    const opened = openInventoryOf(kept, { options: given, view, reporter })
    const planned = openPlanOf(kept, opened)
    const options = planned === undefined ? optionsOf(kept.story, given) : plannedOptions(planned.plan, given)
    const selected = { opened, options, view }
    throwProblems([...sourceProblems(kept.story, opened), ...extraVarsProblems(kept.story, selected)])
    const playbooks = loadCheckedPlaybooks(filesOf(kept.story), selected)
    if (planned === undefined && given.allowChangedPlaybook !== true) refuseChanged(kept.story, playbooks)
    requireSomeHost(playbooks, selected)
    checkVaultPassword(selected)
    tellWhatGoesOn(kept.story, reporter)
    const [playbook, ...following] = playbooks
    if (playbook === undefined) throw new TypeError('a run without a playbook')
    if (planned !== undefined) return await followPlan({ ...selected, ...planned, playbook, kept, reporter })
    return await goOn(kept, [playbook, following], { ...selected, reporter })
  })
}

/** A run that is held to a plan stays so: what was reviewed is what runs. */
function openPlanOf(kept: KeptRun, { vault }: OpenedInventory): (OpenedPlan & PlanText) | undefined {
  const { plan: file } = kept.story.run
  if (file === undefined) return undefined
  const text = keptPlanText(kept)
  return { ...readPlanText(text, file, { vault, version: packageVersion() }), file, text }
}

type PlanText = Pick<PlannedRun, 'file' | 'text'>

/** The run's own playbook, and then those behind it as runs of their own. */
async function goOn(
  kept: KeptRun,
  [playbook, following]: readonly [Playbook, readonly Playbook[]],
  parts: Selected & { readonly reporter: Reporter },
): Promise<number> {
  const { opened, options, view, reporter } = parts
  const own = { opened, options, view, journaled: true, kept: { ...kept, as: 'resumed' } } as const
  const code = exitCodeOfRun(await runPlaybook(playbook, own, (event) => reporter.listen(event)))
  return code === exitCodes.ok ? runPlaybooks(following, parts) : code
}

/**
 * One that has changed something goes before one that has not. What lies behind a change that completed is not meant,
 * unless it is named.
 */
function latestIncomplete(runs: Iterable<KeptRun>): KeptRun | undefined {
  let unchanged: KeptRun | undefined
  for (const kept of runs) {
    const { status, changes, isRollbackBegun } = kept.story
    if (isRollbackBegun || wasRefused(kept.story)) continue
    if (status !== 'complete' && changes.length > 0) return kept
    if (status !== 'complete') unchanged ??= kept
    else if (changes.length > 0) break
  }
  return unchanged
}

/** It was never let in: who goes on means the run before it. */
function wasRefused({ status, changes }: RunStory): boolean {
  return status === 'refused' && changes.length === 0
}

function refuseSettled({ story }: KeptRun, given: ResumeOptions): void {
  const { run } = story
  if (given.limit !== undefined) {
    throw new UsageError('A run is resumed for all its hosts: "--limit" cannot be given', {
      hint: 'Run the playbook with --limit instead: it looks at every host and does what is not done yet',
    })
  }
  if (story.isRollbackBegun) {
    throw new UsageError(`Run "${run.id}" was rolled back: there is nothing to go on with`, {
      hint: 'Run the playbook again, or elkseal rollback to finish a rollback that was cut off',
    })
  }
  if (story.status === 'complete') {
    const following = run.followedBy ?? []
    const behind =
      following.length === 0 ? '' : `; behind it follows ${playbookNames(following)}, which is a run of its own`
    throw new UsageError(`Run "${run.id}" is complete: there is nothing to go on with`, {
      hint: `To run it again: elkseal run; to undo it: elkseal rollback${behind}`,
    })
  }
  const gone = filesOf(story).filter((file) => !existsSync(file))
  throwProblems(gone.map((file) => ({ message: `The playbook "${file}" of the run is gone` })))
}

function filesOf({ run }: RunStory): readonly string[] {
  return [run, ...(run.followedBy ?? [])].map(({ playbook }) => playbook)
}

function optionsOf({ run }: RunStory, given: ResumeOptions): RunOptions {
  const { limit, tags, skipTags, startAtTask } = run
  return {
    ...given,
    ...(limit === undefined ? {} : { limit }),
    tags,
    skipTags,
    ...(startAtTask === undefined ? {} : { startAtTask }),
  }
}

/** Values are not kept, since they may be secrets: the user gives them again. */
function extraVarsProblems({ run }: RunStory, { opened, options, view }: Selected): readonly Problem[] {
  const names = Object.keys(parseExtraVars(options.extraVars, { folder: view.cwd, vault: opened.vault })).sort()
  const missing = run.extraVars.filter((name) => !names.includes(name))
  const added = names.filter((name) => !run.extraVars.includes(name))
  const quoted = (some: readonly string[]) => some.map((name) => `"${name}"`).join(', ')
  return [
    ...(missing.length === 0
      ? []
      : [{ message: `The run was given ${quoted(missing)} with -e`, hint: 'Give it again' }]),
    ...(added.length === 0
      ? []
      : [{ message: `The run was not given ${quoted(added)} with -e`, hint: 'Leave it out' }]),
  ]
}

function refuseChanged({ run }: RunStory, playbooks: readonly Playbook[]): void {
  const before = [run, ...(run.followedBy ?? [])]
  const changed = before.filter(({ sha256 }, index) => {
    const playbook = playbooks[index]
    return playbook !== undefined && playbookDigest(playbook) !== sha256
  })
  throwProblems(
    changed.map(({ playbook }) => ({
      message: `The playbook "${playbook}", or a file that it imports, has changed since the run began`,
      hint: 'If it is meant, --allow-changed-playbook goes on with it as it is now',
    })),
  )
}

function tellWhatGoesOn(story: RunStory, reporter: Reporter): void {
  const { id, playbook, plan, followedBy = [] } = story.run
  const info = (message: string) => reporter.listen({ event: 'notice', level: 'info', message })
  const held = plan === undefined ? '' : `, held to the plan "${plan}"`
  info(`Run ${id} of "${playbook}" goes on${held}; by its journal:`)
  tellStandings(story, (event) => reporter.listen(event))
  if (followedBy.length > 0)
    info(`Behind it ${followedBy.length === 1 ? 'follows' : 'follow'} ${playbookNames(followedBy)}`)
}
