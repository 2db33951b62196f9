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
  const stopped = left.flatMap(({ step: { undoing } }) => (undoing === undefined ? [] : [undoing]))
  if (failed.length > 0 && stopped.every((undoing) => undoing.kind === 'service')) {
    return { status: 'failed', ...downVerdict(failed, { names: stopped.map(({ name }) => name), host }), changes }
  }
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

/** All files are back, and a service does not run with them. */
function downVerdict(
  failed: readonly Left<ChangeStep>[],
  { names, host }: { readonly names: readonly string[]; readonly host: string },
): Pick<UndoVerdict, 'summary' | 'hint'> {
  const causes = failed.map(({ error }) => error?.message).join('; ')
  const which = names.map((name) => `"${name}"`).join(', ')
  const next = `Remove the cause on "${host}", then run the same rollback again: it starts ${which} and goes on`
  const hint = [...failed.map(({ error }) => error?.hint), next].filter((line) => line !== undefined).join('\n')
  return { summary: `its files are as they were before, but: ${causes}`, hint }
}
