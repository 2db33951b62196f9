import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileErrorText, UsageError } from '../../errors.ts'
import type { KeptRun } from '../journal/run-folders.ts'
import type { ChangeDigests } from './change-digest.ts'

/** What was reviewed, whatever becomes of the user's own file. */
const planFile = 'plan.json'

/** Keeps the plan of a run in the run's folder, so that the run goes on by it. */
export function keepPlan(folder: string, text: string): void {
  writeFileSync(join(folder, planFile), text, { mode: 0o600, flag: 'wx', flush: true })
}

export function keptPlanText({ folder, story }: KeptRun): string {
  const path = join(folder, planFile)
  try {
    return readFileSync(path, 'utf8')
  } catch (thrown) {
    throw new UsageError(
      `The plan that run "${story.run.id}" is held to cannot be read: "${path}": ${fileErrorText(thrown)}`,
      { hint: 'Make a new plan with elkseal run … --plan-out, and review it' },
    )
  }
}

/** What a run has made in the store so far: what it writes of that elsewhere, its plan knows by the name. */
export function learnMade(digests: ChangeDigests, { story }: KeptRun): void {
  for (const { isMade, undoing, undone } of story.changes) {
    if (isMade !== true || undone === 'yes' || undoing?.kind !== 'path') continue
    const content = contentOf(undoing.path)
    if (content !== undefined) digests.noteMade({ path: undoing.path, content })
  }
}

/** One that was not written any more, or is gone, is made anew. */
function contentOf(path: string): Buffer | undefined {
  try {
    return readFileSync(path)
  } catch {
    return undefined
  }
}
