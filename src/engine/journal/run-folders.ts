import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { asError, UsageError } from '../../errors.ts'
import { journalFile } from './journal.ts'
import { JournalError } from './read.ts'
import { readJournal, type RunStory } from './run-story.ts'

/** A run of which something is kept on this machine. */
export interface KeptRun {
  readonly folder: string
  readonly story: RunStory
}

export interface WantedRun {
  /** Of the runs, the latest first, that are read as they are asked for. */
  readonly pick: (runs: Iterable<KeptRun>) => KeptRun | undefined
  /** "that …", for when there is none. */
  readonly what: string
}

/** The run of this name, or the one that is picked. Throws a UsageError with what there is. */
export function findRun(stateFolder: string, id: string | undefined, wanted: WantedRun): KeptRun {
  const names = runNames(stateFolder)
  if (id !== undefined) {
    if (names.includes(id)) return openKept(stateFolder, id)
    throw new UsageError(`There is no run "${id}" in "${join(stateFolder, 'runs')}"`, { hint: someRuns(names) })
  }
  const picked = wanted.pick(readableRuns(stateFolder, names))
  if (picked !== undefined) return picked
  throw new UsageError(`No run ${wanted.what} is kept in "${join(stateFolder, 'runs')}"`, { hint: someRuns(names) })
}

/**
 * Takes away the oldest runs, so that as many stay as the hosts keep. Runs that changed nothing are counted by
 * themselves: a look every night must not push out what can be undone.
 */
export function expireRuns(stateFolder: string, { keep, own }: { readonly keep: number; readonly own: string }): void {
  const counts = { changed: 0, unchanged: 0 }
  for (const name of runNames(stateFolder)) {
    const kind = isUnchanged(stateFolder, name) ? 'unchanged' : 'changed'
    counts[kind] += 1
    if (name !== own && counts[kind] > keep) rmSync(join(stateFolder, 'runs', name), { recursive: true, force: true })
  }
}

function isUnchanged(stateFolder: string, name: string): boolean {
  const story = readable(stateFolder, name)?.story
  return story?.status === 'complete' && story.changes.length === 0
}

/** The latest first: names of runs sort by time. */
function runNames(stateFolder: string): readonly string[] {
  const folder = join(stateFolder, 'runs')
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, journalFile)))
    .sort()
    .reverse()
}

function openKept(stateFolder: string, name: string): KeptRun {
  const folder = join(stateFolder, 'runs', name)
  try {
    return { folder, story: readJournal(readFileSync(join(folder, journalFile), 'utf8')) }
  } catch (thrown) {
    if (!(thrown instanceof JournalError)) throw asError(thrown)
    throw new UsageError(`Run "${name}": ${thrown.message}`, { hint: thrown.hint })
  }
}

function* readableRuns(stateFolder: string, names: readonly string[]): Generator<KeptRun> {
  for (const name of names) {
    const kept = readable(stateFolder, name)
    if (kept !== undefined) yield kept
  }
}

/** A run that was cut off before its first record, or is of another version, is passed over. */
function readable(stateFolder: string, name: string): KeptRun | undefined {
  try {
    return openKept(stateFolder, name)
  } catch (thrown) {
    if (thrown instanceof UsageError) return undefined
    throw thrown
  }
}

function someRuns(names: readonly string[]): string {
  return names.length === 0 ? 'Runs are kept beside the inventory' : `The latest are ${names.slice(0, 5).join(', ')}`
}
