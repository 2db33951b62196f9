import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { findRun, type KeptRun, type WantedRun } from '../engine/journal/run-folders.ts'
import type { RunStory } from '../engine/journal/run-story.ts'
import { UsageError, type Problem } from '../errors.ts'
import type { CommandReporter } from './create-reporter.ts'
import { findStateFolder, openInventory, type OpenedInventory } from './open-inventory.ts'
import type { InventoryOptions } from './options.ts'
import type { ProcessView } from './process.ts'

/** The run that a command goes on with, or undoes: the one of this name, or the one that is picked. */
export function findKept(
  id: string | undefined,
  wanted: WantedRun,
  { options, view }: { readonly options: InventoryOptions; readonly view: ProcessView },
): KeptRun {
  const kept = findRun(findStateFolder(options, view), id, wanted)
  refuseRunning(kept.story)
  return kept
}

/** The inventory that is given for it; `sourceProblems` tells whether it is the one that the run had. */
export function openInventoryOf(
  { story }: KeptRun,
  parts: { readonly options: InventoryOptions; readonly view: ProcessView; readonly reporter: CommandReporter },
): OpenedInventory {
  const { playbook, variablesFolder } = story.run
  const opened = openInventory(parts.options, parts.view, variablesFolder ?? dirname(playbook))
  parts.reporter.learn(opened.redactor)
  return opened
}

/** Another inventory may mean other machines by the same names. */
export function sourceProblems({ run }: RunStory, { sources }: OpenedInventory): readonly Problem[] {
  if (JSON.stringify(run.inventory) === JSON.stringify(sources)) return []
  const hint = `Give the same: ${run.inventory.map((source) => `-i ${source}`).join(' ')}`
  return [{ message: `Run "${run.id}" had another inventory`, hint }]
}

/** A run whose process lives is nobody's to go on with. */
function refuseRunning({ run, process: writer }: RunStory): void {
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
