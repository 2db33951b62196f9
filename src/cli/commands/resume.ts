import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { findRun, type KeptRun } from '../../engine/journal/run-folders.ts'
import type { RunStory } from '../../engine/journal/run-story.ts'
import { throwProblems, UsageError, type Problem } from '../../errors.ts'
import { parseExtraVars } from '../../vars/extra-vars.ts'
import { checkVaultPassword } from '../check-vault-password.ts'
import { loadCheckedPlaybook, requireSomeHost } from '../checked-playbook.ts'
import { exitCodeOfRun } from '../exit-code.ts'
import { tellStandings } from '../how-to-go-on.ts'
import { findStateFolder, openInventory, type OpenedInventory } from '../open-inventory.ts'
import type { ResumeOptions, RunOptions } from '../options.ts'
import { playbookDigest } from '../playbook-digest.ts'
import type { ProcessView } from '../process.ts'
import { reported } from '../reported.ts'
import { refuseRunning, sourceProblems } from '../same-run.ts'
import { knowsVaultPassword } from '../vault-sources.ts'
import { runPlaybook } from './run.ts'

/**
 * `elkseal resume`: the same playbook with the same limit and tags, under the same name. It verifies and does not
 * believe: the journal only tells how things stand, and what is done is found by looking.
 */
export async function resumeCommand(id: string | undefined, given: ResumeOptions, view: ProcessView): Promise<number> {
  return reported(given, view, async (reporter) => {
    const wanted = { pick: latestIncomplete, what: 'that did not complete' }
    const kept = findRun(findStateFolder(given, view), id, wanted)
    const { run } = kept.story
    refuseSettled(kept, given)
    refuseRunning(kept.story)
    const opened = openInventory(given, view, dirname(run.playbook))
    reporter.learn(opened.redactor)
    const options = optionsOf(kept.story, given)
    throwProblems([...sourceProblems(kept.story, opened), ...extraVarsProblems(kept.story, { opened, options, view })])
    const playbook = loadCheckedPlaybook(run.playbook, opened, options)
    if (playbookDigest(playbook) !== run.sha256 && given.allowChangedPlaybook !== true)
      throw changedPlaybook(run.playbook)
    requireSomeHost([playbook], { opened, options, view })
    if (knowsVaultPassword({ options, view })) checkVaultPassword(opened)
    const listen = reporter.listen.bind(reporter)
    listen({ event: 'notice', level: 'info', message: `Run ${run.id} of "${run.playbook}" goes on; by its journal:` })
    tellStandings(kept.story, listen)
    const parts = { opened, options, view, journaled: true, kept: { ...kept, as: 'resumed' } } as const
    return exitCodeOfRun(await runPlaybook(playbook, parts, listen))
  })
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
    throw new UsageError(`Run "${run.id}" is complete: there is nothing to go on with`, {
      hint: 'To run it again: elkseal run; to undo it: elkseal rollback',
    })
  }
  if (!existsSync(run.playbook)) throw new UsageError(`The playbook "${run.playbook}" of the run is gone`)
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
function extraVarsProblems(
  { run }: RunStory,
  { opened, options, view }: { opened: OpenedInventory; options: RunOptions; view: ProcessView },
): readonly Problem[] {
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

function changedPlaybook(file: string): UsageError {
  return new UsageError(`The playbook "${file}", or a file that it imports, has changed since the run began`, {
    hint: 'If it is meant, --allow-changed-playbook goes on with it as it is now',
  })
}
