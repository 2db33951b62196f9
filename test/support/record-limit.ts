import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

/** Where a run ends: right behind a record of the journal, or when the one behind it is about to be written. */
export interface RecordLimit {
  readonly records: number
  readonly end: 'behind' | 'before the next'
}

/** Ends whoever writes journals in this process at the limit, by `die`. Returns how to lift it. */
export function limitRecords({ records, end }: RecordLimit, die: () => void): () => void {
  const { writeSync } = fs
  let written = 0
  const limited = (file: number, text: string, ...more: []): number => {
    const isRecord = typeof text === 'string' && text.startsWith('{"at":')
    if (isRecord && written >= records) die()
    const length = writeSync(file, text, ...more)
    if (isRecord) written += 1
    if (isRecord && end === 'behind' && written === records) die()
    return length
  }
  fs.writeSync = limited as typeof fs.writeSync
  syncBuiltinESMExports()
  return () => {
    fs.writeSync = writeSync
    syncBuiltinESMExports()
  }
}
