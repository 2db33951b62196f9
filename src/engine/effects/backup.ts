import { createHash } from 'node:crypto'
import { quote } from '../../connection/quote.ts'
import { TaskError } from '../../errors.ts'
import type { Performer } from './effect-kind.ts'
import { reasonOf } from './host-script.ts'

/**
 * What effects replace is kept in one folder (0700) of the host: for each path the first version found there, as
 * `KEY` (a copy with all attributes) or `KEY.absent`, and a line in `manifest`: state, key, path.
 */
export function backupKey(path: string): string {
  return createHash('sha256').update(path).digest('hex').slice(0, 24)
}

/**
 * Script text that saves what is at `$p` unless a version is there already, or nothing without a folder. Leaves the
 * script with `failed` when it cannot be saved.
 */
export function saveScript(host: Performer, path: string, failed: string): string {
  if (host.backupDir === undefined) return ':'
  const key = backupKey(path)
  return [
    `b=${quote(host.backupDir)}; k="$b/${key}"`,
    `if [ ! -e "$k" ] && [ ! -L "$k" ] && [ ! -e "$k.absent" ]; then`,
    `  [ -d "$b" ] || { mkdir -p -- "$b" && chmod 0700 -- "$b"; } || ${failed}`,
    `  if [ -e "$p" ] || [ -L "$p" ]; then`,
    // A copy that broke off must not pass for the old version.
    `    { rm -rf -- "$k.part" && cp -a -- "$p" "$k.part" && mv -fT -- "$k.part" "$k"; } || { rm -rf -- "$k.part"; ${failed}; }`,
    `    s=saved`,
    `  else : > "$k.absent" || ${failed}; s=absent; fi`,
    `  printf '%s %s %s\\n' "$s" ${key} "$p" >> "$b/manifest" || ${failed}`,
    `fi`,
  ].join('\n')
}

/** Puts the saved version of a path back, atomically for a file. False when none was saved. */
export async function restorePath(host: Performer, path: string): Promise<boolean> {
  if (host.backupDir === undefined) return false
  const script = [
    `p=${quote(path)}; b=${quote(host.backupDir)}; k="$b/${backupKey(path)}"`,
    `[ -e "$k.absent" ] && { rm -rf -- "$p"; exit; }`,
    `[ -e "$k" ] || [ -L "$k" ] || exit 3`,
    `if [ -L "$p" ] && [ ! -L "$k" ]; then p=$(readlink -f -- "$p") || exit 1; fi`,
    `d=\${p%/*}; [ -d "$d/" ] || mkdir -p -- "$d" || exit 1`,
    `t="$d/.elkseal.$$.restore"`,
    `rm -rf -- "$t" && cp -a -- "$k" "$t" || { rm -rf -- "$t"; exit 1; }`,
    `[ -L "$t" ] || [ -d "$t" ] || sync -- "$t" || { rm -rf -- "$t"; exit 1; }`,
    `[ -d "$t" ] && [ ! -L "$t" ] && [ -e "$p" ] && rm -rf -- "$p"`,
    `mv -fT -- "$t" "$p" && sync -- "\${d:-/}"`,
  ].join('\n')
  const output = await host.shell.run({ script })
  if (output.code === 3) return false
  if (output.code === 0) return true
  throw new TaskError(`Cannot put "${path}" back: ${reasonOf(output).text}`, {
    hint: `The old version is "${host.backupDir}/${backupKey(path)}" on "${host.reader.host}"`,
  })
}
