import { closeSync, fsyncSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/**
 * An append-only record of a run, one JSON object a line, synced before the run goes on: what is about to be done,
 * then what came of it. Holds no secret: paths, names, digests of public things and summaries only.
 */
export interface Journal {
  append(record: JournalRecord): void
  close(): void
}

export type JournalRecord =
  | {
      readonly record: 'run'
      readonly id: string
      readonly playbook: string
      readonly started: string
      readonly version: string
    }
  | {
      readonly record: 'intent'
      readonly host: string
      readonly task: string
      readonly effect: string
      readonly subjects: readonly string[]
    }
  | {
      readonly record: 'result'
      readonly host: string
      readonly task: string
      readonly effect: string
      readonly ok: boolean
      readonly backup?: string
    }
  | { readonly record: 'end'; readonly status: 'complete' | 'failed' | 'interrupted' }

/** Opens `folder`/runs/ID/journal.jsonl, 0600 in a 0700 folder. */
export function openJournal(folder: string, id: string, redact: (text: string) => string): Journal {
  const run = join(folder, 'runs', id)
  mkdirSync(run, { recursive: true, mode: 0o700 })
  const file = openSync(join(run, 'journal.jsonl'), 'ax', 0o600)
  let closed = false
  return {
    append: (record) => {
      // What was cut off by a second ctrl-C may still tell of itself.
      if (closed) return
      writeSync(file, `${redact(JSON.stringify({ at: new Date().toISOString(), ...record }))}\n`)
      fsyncSync(file)
    },
    close: () => {
      closed = true
      closeSync(file)
    },
  }
}

/** For check mode and verification, which change nothing. */
export const noJournal: Journal = { append: () => undefined, close: () => undefined }
