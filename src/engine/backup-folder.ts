import type { Scope } from '../vars/scope.ts'
import type { RunContext } from './run-context.ts'
import type { TaskPlace } from './task-scope.ts'

/**
 * Where a roll keeps on the host what it replaces, so that the host can be put back. Other plays keep nothing: they may
 * run as accounts that own no such folder.
 */
export function backupFolder(context: RunContext, place: TaskPlace, scope: Scope): string | undefined {
  if (place.play.roll?.rollback !== true) return undefined
  const folder = scope.has('elkseal_backup_dir')
    ? String(scope.variable('elkseal_backup_dir'))
    : '/var/lib/elkseal/backup'
  return `${folder}/${context.id}`
}
