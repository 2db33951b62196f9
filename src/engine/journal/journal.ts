import {
  closeSync,
  existsSync,
  fsync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { IntentRecord, JournalRecord } from './record.ts'
import { wholeLines } from './read.ts'

/**
 * An append-only record of a run, one JSON object a line: what is about to be done, synced before it is done; then what
 * came of it. A result that a power failure takes leaves an effect of which nobody knows whether it was performed.
 */
export interface Journal {
  append(record: JournalRecord): void
  /** Numbers the effect that is about to be performed, for its result. */
  intend(intent: Omit<IntentRecord, 'record' | 'number'>): number
  /** Resolves when all that was written so far is on the disk. Intents of many hosts share one sync: each takes milliseconds. */
  synced(): Promise<void>
  close(): void
  /** The run's own folder on this machine; undefined where nothing is kept. */
  readonly folder: string | undefined
}

export type Redact = (text: string) => string

export const journalFile = 'journal.jsonl'

/** Opens `folder`/runs/ID/journal.jsonl, 0600 in a 0700 folder. */
export function openJournal(folder: string, id: string, redact: Redact): Journal {
  const run = join(folder, 'runs', id)
  mkdirSync(run, { recursive: true, mode: 0o700 })
  keepOutOfGit(folder)
  return writing(openSync(join(run, journalFile), 'ax', 0o600), { folder: run, intents: 0, redact })
}

/** The inventory beside it is often under version control; what runs leave is for this machine alone. */
function keepOutOfGit(folder: string): void {
  const file = join(folder, '.gitignore')
  if (!existsSync(file)) writeFileSync(file, '*\n')
}

/** Opens the journal of a run that goes on. What a crash left of its last line is cut off: it had not happened yet. */
export function reopenJournal(run: string, intents: number, redact: Redact): Journal {
  const path = join(run, journalFile)
  const file = openSync(path, 'a')
  ftruncateSync(file, Buffer.byteLength(wholeLines(readFileSync(path, 'utf8'))))
  return writing(file, { folder: run, intents, redact })
}

function writing(
  file: number,
  given: { readonly folder: string; readonly intents: number; readonly redact: Redact },
): Journal {
  let closed = false
  let { intents } = given
  const write = (record: JournalRecord): void => {
    // What was cut off by a second ctrl-C may still tell of itself.
    if (closed) return
    const line = { at: new Date().toISOString(), ...(redacted(record, given.redact) as JournalRecord) }
    writeSync(file, `${JSON.stringify(line)}\n`)
  }
  return {
    folder: given.folder,
    append: (record) => {
      write(record)
      if (!closed && record.record !== 'result') fsyncSync(file)
    },
    synced: groupSync(async () => {
      try {
        if (!closed) await promisify(fsync)(file)
      } catch (error) {
        // The file may be closed meanwhile: the run was stopped at once.
        if (!closed) throw error
      }
    }),
    intend: (intent) => {
      intents += 1
      write({ record: 'intent', number: intents, ...intent })
      return intents
    },
    close: () => {
      if (!closed) closeSync(file)
      closed = true
    },
  }
}

/** Whoever asks while a sync is under way waits for the next one, together with all who ask until that begins. */
function groupSync(sync: () => Promise<void>): () => Promise<void> {
  let current: Promise<void> = Promise.resolve()
  let next: Promise<void> | undefined
  const begin = async (): Promise<void> => {
    await current.catch(() => undefined)
    await nextTurn()
    next = undefined
    await sync()
  }
  return () => {
    next ??= current = begin()
    return next
  }
}

/** Words of the format itself, which no password may mask. */
const ownKeys = new Set(['record', 'kind', 'method', 'action', 'status'])

function redacted(value: unknown, redact: Redact): unknown {
  if (typeof value === 'string') return redact(value)
  if (Array.isArray(value)) return value.map((item: unknown) => redacted(item, redact))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value as Readonly<Record<string, unknown>>)
  return Object.fromEntries(entries.map(([key, item]) => [key, ownKeys.has(key) ? item : redacted(item, redact)]))
}

/** For check mode and verification, which change nothing. */
export const noJournal: Journal = {
  append: () => undefined,
  intend: () => 0,
  synced: () => Promise.resolve(),
  close: () => undefined,
  folder: undefined,
}
