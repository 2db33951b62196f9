import { ElksealError } from '../../errors.ts'
import type { JournalRecord } from './record.ts'

/** A journal that is not one. */
export class JournalError extends ElksealError {}

/** The lines that were written to their end: what a crash left of the last one had not happened yet. */
export function wholeLines(text: string): string {
  return text.slice(0, text.lastIndexOf('\n') + 1)
}

export type DatedRecord = JournalRecord & { readonly at: string }

/** The records of a journal's text, in their order. Throws a JournalError on a line that no crash explains. */
export function journalRecords(text: string): readonly DatedRecord[] {
  const lines = wholeLines(text).split('\n').slice(0, -1)
  return lines.map((line, index) => {
    const record = parsed(line)
    if (record !== undefined) return record
    throw new JournalError(`Line ${String(index + 1)} of the journal cannot be read`, {
      hint: 'Somebody has changed the journal. Run the playbook again instead: it looks at every host',
    })
  })
}

function parsed(line: string): DatedRecord | undefined {
  try {
    const value: unknown = JSON.parse(line)
    const isRecord = typeof value === 'object' && value !== null && 'record' in value && 'at' in value
    return isRecord ? (value as DatedRecord) : undefined
  } catch {
    return undefined
  }
}
