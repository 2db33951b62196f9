import { join } from 'node:path'
import type { Scope } from '../../vars/scope.ts'
import type { BackupRule } from './effect-kind.ts'
import type { Machine } from '../machine.ts'
import type { RunContext } from '../run-context.ts'
import type { TaskPlace } from '../task-scope.ts'
import { numberOf } from '../values.ts'

export interface BackupPlace {
  readonly folder: string
  readonly rule: BackupRule | undefined
}

/**
 * Where a machine keeps what a run replaces on it. A host: a folder of root's, so other accounts keep nothing unless
 * `elkseal_backup_dir` names a folder that they may write; a roll that promises to put hosts back needs one. This
 * machine: beside the journal.
 */
export function backupPlace(parts: {
  readonly context: RunContext
  readonly place: TaskPlace
  readonly machine: Machine
  readonly scope: Scope
}): BackupPlace | undefined {
  const { context, place, machine, scope } = parts
  const run = context.journal.folder
  if (machine.isController) return run === undefined ? undefined : { folder: join(run, 'backup'), rule: undefined }
  const isPromised = place.play.roll?.rollback === true
  if (!isPromised && run === undefined) return undefined
  const isGiven = scope.has('elkseal_backup_dir')
  const folder = isGiven ? String(scope.variable('elkseal_backup_dir')) : '/var/lib/elkseal/backup'
  const rule = { keep: keptRuns(scope), onlyWhereWritable: !isGiven && !isPromised }
  return { folder: `${folder}/${context.id}`, rule }
}

export const defaultKeptRuns = 10

/** How many runs keep what they replaced. */
function keptRuns(scope: Scope): number {
  const name = 'elkseal_keep_runs'
  const kept = scope.has(name) ? numberOf(scope.variable(name), name) : defaultKeptRuns
  return Math.max(1, Math.floor(kept))
}
