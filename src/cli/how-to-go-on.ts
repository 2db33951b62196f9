import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Listener } from '../engine/events.ts'
import { journalFile } from '../engine/journal/journal.ts'
import { readJournal, standingText, type RunStory } from '../engine/journal/run-story.ts'
import type { RunOutcome } from '../engine/run.ts'
import type { RunContext } from '../engine/run-context.ts'
import type { InventoryOptions } from './options.ts'

/** After a run that did not complete: how every host stands, and the commands to go on or to go back. */
export function tellHowToGoOn(context: RunContext, outcome: RunOutcome, options: InventoryOptions): void {
  const { folder } = context.journal
  if (folder === undefined || outcome.refused) return
  const story = readJournal(readFileSync(join(folder, journalFile), 'utf8'))
  if (story.status === 'complete') return
  const info = (message: string) => context.listen({ event: 'notice', level: 'info', message })
  if (outcome.interrupted) tellStandings(story, context.listen)
  const sources = options.inventory.map((source) => ` -i ${source}`).join('')
  const resume = `elkseal resume ${context.id}${sources}`
  const rollback = `elkseal rollback ${context.id}${sources}`
  const more = story.run.extraVars.length === 0 ? '' : ', with the same -e'
  // A run that is held to a plan goes on by what is reviewed next.
  const goOn = context.plan === undefined ? `To go on: ${resume}${more}` : 'To go on, make a new plan'
  const stands = story.changes.some((change) => change.undone !== 'yes')
  if (stands) info(`${goOn}. To undo what was done: ${rollback}`)
  else if (outcome.interrupted) info(`Nothing was changed. ${goOn}`)
}

/** A line for each host that a run has met. */
export function tellStandings(story: RunStory, listen: Listener): void {
  for (const host of story.hosts) {
    listen({ event: 'notice', level: 'info', message: `${host.host}: ${standingText(host)}` })
  }
}
