import { ConnectionError } from '../../connection/connection.ts'
import type { TaskFinished } from '../events.ts'
import { counted } from '../roll/roll-back.ts'
import type { ChangeStep } from './change-steps.ts'
import type { Left, UndoOutcome } from './undo-steps.ts'

export type UndoVerdict = Pick<TaskFinished, 'status' | 'summary' | 'hint' | 'changes'>

/** How a host stands after its changes were undone, but for those that are left. */
export function verdictOf(
  { putBack }: UndoOutcome<ChangeStep>,
  left: readonly Left<ChangeStep>[],
  host: string,
): UndoVerdict {
  const changes = putBack.map(({ description }) => `undone: ${description}`)
  const failed = left.filter(({ error }) => error !== undefined)
  const lost = failed.find(({ error }) => error instanceof ConnectionError)?.error
  if (lost !== undefined) {
    return { status: 'unreachable', summary: lost.message, hint: lost.hint, changes }
  }
  const named = left.map(({ step, error }) => [step.description, error?.message].filter(Boolean).join(': ')).join('; ')
  if (failed.length > 0) {
    const folder = left.find(({ step }) => step.change.backup !== undefined)?.step.change.backup ?? ''
    const hint = `The old versions are in "${folder}" on "${host}", with their paths in "manifest"`
    return { status: 'failed', summary: `could not be undone: ${named}`, hint, changes }
  }
  const summary = changes.length === 0 ? 'it is as it was before' : `undone: ${counted(changes.length, 'change')}`
  if (left.some(({ step }) => step.undoing !== undefined)) {
    const hint = `Look at "${host}" whether these need to be undone by hand. Only root keeps old versions, and only of the latest runs: elkseal_backup_dir, elkseal_keep_runs`
    return { status: 'failed', summary: `${summary}; no old version is kept: ${named}`, hint, changes }
  }
  // Nobody can undo a command: that is told, and is no failure.
  const rest = left.length === 0 ? '' : `; nothing undoes: ${named}`
  const hint = left.length === 0 ? undefined : `Look at "${host}" whether these need to be undone by hand`
  return { status: changes.length === 0 ? 'ok' : 'changed', summary: `${summary}${rest}`, hint, changes }
}
