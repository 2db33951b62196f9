import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import type { RunStory } from '../engine/journal/run-story.ts'
import { UsageError, type Problem } from '../errors.ts'
import type { OpenedInventory } from './open-inventory.ts'

/** Another inventory may mean other machines by the same names. */
export function sourceProblems({ run }: RunStory, { sources }: OpenedInventory): readonly Problem[] {
  if (JSON.stringify(run.inventory) === JSON.stringify(sources)) return []
  const hint = `Give the same: ${run.inventory.map((source) => `-i ${source}`).join(' ')}`
  return [{ message: `Run "${run.id}" had another inventory`, hint }]
}

/** A run whose process lives is nobody's to go on with. */
export function refuseRunning({ run, process: writer }: RunStory): void {
  if (writer.controller !== hostname() || writer.id === process.pid || !isElkseal(writer.id)) return
  throw new UsageError(`Run "${run.id}" is still at work, as process ${String(writer.id)} of this machine`, {
    hint: 'Wait for its end, or stop it with ctrl-C',
  })
}

/** Process ids are used again; without /proc a dead one cannot be told from another's. */
function isElkseal(pid: number): boolean {
  try {
    return readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8').includes('elkseal')
  } catch {
    return false
  }
}
