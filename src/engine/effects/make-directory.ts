import { quote } from '../../connection/quote.ts'
import { TaskError } from '../../errors.ts'
import type { FileState } from '../../facts/file.ts'
import { folderAt } from '../../facts/folder.ts'
import { pathAt } from '../../facts/path.ts'
import type { MakeDirectory } from '../../modules/effect.ts'
import { modeText } from '../../modules/file-mode.ts'
import { backupKey, notSavedScript, openBackupScript, undoneOf } from './backup.ts'
import type { EffectKind, Forecaster, Performer } from './effect-kind.ts'
import { attributesAfter } from './foreseen-attributes.ts'
import { exits, fileError, runScript } from './host-script.ts'
import type { Undone } from './undoing.ts'

/** As a umask of 022 leaves it. */
const defaultMode = 0o755

export const makeDirectory: EffectKind<MakeDirectory> = {
  subjects: (effect) => [
    `file:${effect.path}`,
    ...foldersDownTo(effect.path).map((folder) => `folder:${folder}` as const),
  ],

  perform: async (effect, host) => {
    await runScript(host, { script: directoryScript(effect, host) }, (failed) =>
      failed.code === exits.failed
        ? fileError(failed, `making the folder "${effect.path}"`, 'parents may be there')
        : new TaskError(`"${effect.path}" is there and is no folder`),
    )
    return { path: effect.path }
  },

  forecast: async (effect, host) => {
    for (const folder of await missingAbove(effect.path, host))
      await foreseeFolder(folder, { kind: 'absent' }, effect, host)
    const { current } = await host.reader.ask(pathAt(effect.path))
    await foreseeFolder(trimmed(effect.path), current, effect, host)
    return 'known'
  },

  undoing: (effect) => ({ kind: 'folder', path: effect.path }),
}

async function foreseeFolder(
  folder: string,
  before: FileState,
  effect: MakeDirectory,
  host: Forecaster,
): Promise<void> {
  const attributes = await attributesAfter(effect, before, { host, defaultMode })
  const fresh = before.kind === 'absent' || (before.kind === 'directory' && before.fresh === true)
  const mtime = before.kind === 'directory' ? before.mtime : attributes.mtime
  host.forecast.setFile(folder, { kind: 'directory', ...attributes, mtime, ...(fresh ? { fresh } : {}) })
}

/** The folders above it that would be made too, highest first. Above one that is there all are. */
async function missingAbove(path: string, host: Forecaster): Promise<readonly string[]> {
  const above = foldersDownTo(path).slice(0, -1)
  const missing: string[] = []
  for (const folder of above.reverse()) {
    if ((await host.reader.ask(folderAt(folder))) === 'folder') break
    missing.unshift(folder)
  }
  return missing
}

/** Takes away the folders that were made for a path, and gives one that was there its owner and mode back. */
export async function removeFolders(path: string, host: Performer): Promise<Undone> {
  if (host.backupDir === undefined) return { kind: 'not kept' }
  const script = [
    `k=${quote(`${host.backupDir}/folders-${backupKey(path)}`)}`,
    `[ -e "$k" ] || ${notSavedScript(host)}`,
    // Deepest first. One that is no longer empty holds what others put there, and stays.
    `sed -n '1!G;h;$p' "$k" | while read -r made; do [ ! -d "$made" ] || rmdir -- "$made" 2>/dev/null || :; done`,
    `if read -r owner mode 2>/dev/null < "$k.old"; then chown -- "$owner" ${quote(path)} && chmod "$mode" -- ${quote(path)}; fi`,
  ].join('\n')
  const output = await host.shell.run({ script })
  const undone = undoneOf(output)
  if (undone !== undefined) return undone
  if (output.code === 0) return { kind: 'put back' }
  throw fileError(output, `undoing the folder "${path}"`, 'it is left as it is')
}

function directoryScript(effect: MakeDirectory, host: Performer): string {
  const { owner, group, mode } = effect
  const failed = `exit ${exits.failed}`
  const who = `${owner ?? ''}${group === undefined ? '' : `:${group}`}`
  const made = effect.mode ?? defaultMode
  const own = who === '' ? '' : ` && chown -- ${quote(who)} "$1"`
  // chown takes set-id bits away again.
  const again = who !== '' && (made & 0o7000) !== 0 ? ` && chmod ${modeText(made)} -- "$1"` : ''
  const makes = foldersDownTo(effect.path).map((folder) => `make ${quote(folder)} || ${failed}`)
  return [
    `p=${quote(effect.path)}`,
    `[ -e "$p" ] && [ ! -d "$p" ] && exit ${exits.isFolder}`,
    ...backupLines(effect, host, failed),
    // Every folder that is made gets the attributes, as in Ansible.
    `make() {`,
    `  [ -d "$1" ] && return`,
    `  mkdir -m ${modeText(made)} -- "$1"${own}${again} || return`,
    host.backupDir === undefined ? ':' : `  [ -z "$b" ] || printf '%s\\n' "$1" >> "$k"`,
    `}`,
    `if [ -d "$p" ]; then`,
    who === '' ? ':' : `  chown -- ${quote(who)} "$p" || ${failed}`,
    mode === undefined ? ':' : `  chmod ${modeText(mode)} -- "$p" || ${failed}`,
    `else :`,
    ...makes,
    `fi`,
  ].join('\n')
}

function backupLines(effect: MakeDirectory, host: Performer, failed: string): readonly string[] {
  if (host.backupDir === undefined) return []
  const key = `folders-${backupKey(effect.path)}`
  return [
    openBackupScript(host, failed),
    `k="$b/${key}"`,
    `if [ -n "$b" ] && [ ! -e "$k" ]; then`,
    `  : > "$k" && printf 'folders %s %s\\n' ${key} "$p" >> "$b/manifest" || ${failed}`,
    `  [ ! -d "$p" ] || stat -L -c '%u:%g %a' -- "$p" > "$k.old" || ${failed}`,
    `fi`,
  ]
}

/** `/a`, `/a/b`, `/a/b/c`. */
function foldersDownTo(path: string): readonly string[] {
  const names = path.split('/').filter((name) => name !== '')
  return names.map((_, index) => `/${names.slice(0, index + 1).join('/')}`)
}

function trimmed(path: string): string {
  return foldersDownTo(path).at(-1) ?? '/'
}
