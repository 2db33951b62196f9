import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Listener } from '../engine/events.ts'
import { journalFile } from '../engine/journal/journal.ts'
import type { PlaybookText } from '../engine/journal/record.ts'
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
  const following = story.run.followedBy ?? []
  if (following.length > 0) {
    const message = `Not begun: ${following.length === 1 ? 'playbook' : 'playbooks'} ${playbookNames(following)}`
    context.listen({ event: 'notice', level: 'warning', message })
  }
  const sources = options.inventory.map((source) => ` -i ${source}`).join('')
  const resume = `elkseal resume ${context.id}${sources}`
  const rollback = `elkseal rollback ${context.id}${sources}`
  const more = story.run.extraVars.length === 0 ? '' : ', with the same -e'
  const rest = following.length === 0 ? '' : ', and then with what has not begun'
  const how = story.run.plan === undefined ? `To go on${rest}` : 'To go on with what the plan has left'
  const goOn = `${how}: ${resume}${more}`
  const stands = story.changes.some((change) => change.undone !== 'yes')
  if (stands) info(`${goOn}. To undo what was done: ${rollback}`)
  else if (outcome.interrupted) info(`Nothing was changed. ${goOn}`)
}

export function playbookNames(playbooks: readonly PlaybookText[]): string {
  return playbooks.map(({ playbook }) => `"${playbook}"`).join(', ')
}

/** A line for each host that a run has met. */
export function tellStandings(story: RunStory, listen: Listener): void {
  for (const host of story.hosts) {
    listen({ event: 'notice', level: 'info', message: `${host.host}: ${standingText(host)}` })
  }
}
