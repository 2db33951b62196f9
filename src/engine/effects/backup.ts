import { createHash } from 'node:crypto'
import type { Output } from '../../connection/connection.ts'
import { quote } from '../../connection/quote.ts'
import { TaskError } from '../../errors.ts'
import type { Performer } from './effect-kind.ts'
import { reasonOf } from './host-script.ts'
import type { Undone } from './undoing.ts'

/**
 * What effects replace is kept in one folder (0700) of the host: for each path the first version found there, as
 * `KEY` (a copy with all attributes) or `KEY.absent`, and a line in `manifest`: state, key, path. `KEY.new` says what
 * the run put there, so that a later version of somebody else's is recognised. The digests stand here and not in the
 * journal: who can read this folder can read the files.
 */
export function backupKey(path: string): string {
  return createHash('sha256').update(path).digest('hex').slice(0, 24)
}

/** Exit codes of restoring scripts. */
export const codes = { notSaved: 3, asBefore: 4, notKept: 5 } as const

/** A folder this large is kept only where a roll promises to put a host back: copying it costs more than it is worth. */
const largestKb = 65_536

/** Script text that makes the backup folder and names it `$b`; empty when this account keeps nothing. */
export function openBackupScript(host: Performer, failed: string): string {
  const { backupDir, backupRule } = host
  if (backupDir === undefined) return 'b='
  const isOptional = backupRule?.onlyWhereWritable === true
  return [
    `b=${quote(backupDir)}`,
    // Root alone can write there.
    isOptional ? `[ -w /var/lib ] || b=` : ':',
    `if [ -n "$b" ] && [ ! -d "$b" ]; then`,
    // 0700: umask 077 holds in every request.
    `  mkdir -p -- "$b" || ${failed}`,
    backupRule === undefined ? ':' : expireScript(backupRule.keep),
    `fi`,
  ].join('\n')
}

/**
 * The first change of a run on a host takes away what the oldest runs kept: so it costs no round trip of its own. By sh
 * alone while there is nothing to take away; names of runs sort by time.
 */
function expireScript(keep: number): string {
  return [
    `  expire() {`,
    `    set -- "\${b%/*}"/20[0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9]*-[0-9a-f]*`,
    `    while [ $# -gt ${String(keep)} ]; do [ "$1" = "$b" ] || rm -rf -- "$1"; shift; done`,
    `  }`,
    `  expire`,
  ].join('\n')
}

/**
 * Script text that saves what is at `$p` unless a version is there already, or nothing without a folder. Leaves the
 * script with `failed` when it cannot be saved.
 */
export function saveScript(host: Performer, path: string, failed: string): string {
  if (host.backupDir === undefined) return ':'
  const key = backupKey(path)
  const isLarge =
    host.backupRule?.onlyWhereWritable === true
      ? `[ -d "$p" ] && [ ! -L "$p" ] && [ "$(du -skx -- "$p" 2>/dev/null | cut -f 1)" -gt ${String(largestKb)} ]`
      : 'false'
  return [
    openBackupScript(host, failed),
    `k="$b/${key}"`,
    `if [ -n "$b" ] && [ ! -e "$k" ] && [ ! -L "$k" ] && [ ! -e "$k.absent" ]; then`,
    `  if ${isLarge}; then s=large`,
    `  elif [ -e "$p" ] || [ -L "$p" ]; then`,
    // A copy that broke off must not pass for the old version.
    `    { { [ ! -e "$k.part" ] || rm -rf -- "$k.part"; } && cp -a -- "$p" "$k.part" && mv -fT -- "$k.part" "$k"; } || { rm -rf -- "$k.part"; ${failed}; }`,
    `    s=saved`,
    `  else : > "$k.absent" || ${failed}; s=absent; fi`,
    `  printf '%s %s %s\\n' "$s" ${key} "$p" >> "$b/manifest" || ${failed}`,
    `fi`,
  ].join('\n')
}

/** Script text, behind `saveScript`, that notes what the effect leaves at the path: a digest, `absent`, `link:TARGET`. */
export function noteScript(host: Performer, what: string, failed: string): string {
  return host.backupDir === undefined ? ':' : `[ -z "$b" ] || printf '%s\\n' ${what} >> "$k.new" || ${failed}`
}

/** Script text that defines `is`: what is at a path, in the words of `noteScript`. */
export const isScript = [
  `is() {`,
  `  if [ -L "$1" ]; then printf 'link:%s\\n' "$(readlink -- "$1")"`,
  `  elif [ -d "$1" ]; then echo folder`,
  `  elif [ -e "$1" ]; then i=$(sha256sum < "$1"); echo "\${i%% *}"`,
  `  else echo absent; fi`,
  `}`,
].join('\n')

/**
 * Puts the saved version of a path back, atomically for a file, with the time it had: Elasticsearch reads a file again
 * when its time or size is another one, be it older (measured). A version that is not this run's is kept beside it.
 */
export async function restorePath(host: Performer, path: string): Promise<Undone> {
  if (host.backupDir === undefined) return { kind: 'not kept' }
  const output = await host.shell.run({ script: restoreScript(host.backupDir, path, notSavedScript(host)) })
  const undone = undoneOf(output)
  if (undone !== undefined) return undone
  const kept = output.stdout.toString().trim()
  if (output.code === 0) return { kind: 'put back', ...(kept === '' ? {} : { kept }) }
  throw new TaskError(`Cannot put "${path}" back: ${reasonOf(output).text}`, {
    hint: `The old version is "${host.backupDir}/${backupKey(path)}" on "${host.reader.host}"`,
  })
}

/** Script text for where nothing was saved: was there nothing to save, or does this account keep nothing? */
export function notSavedScript({ backupRule }: Performer): string {
  const exit = `exit ${codes.notSaved}`
  return backupRule?.onlyWhereWritable === true ? `{ [ -w /var/lib ] || exit ${codes.notKept}; ${exit}; }` : exit
}

/** What a restoring script's exit code says, unless it is success or a failure. */
export function undoneOf({ code }: Output): Undone | undefined {
  if (code === codes.notSaved) return { kind: 'not saved' }
  if (code === codes.asBefore) return { kind: 'as before' }
  return code === codes.notKept ? { kind: 'not kept' } : undefined
}

function restoreScript(folder: string, path: string, notSaved: string): string {
  return [
    `p=${quote(path)}; b=${quote(folder)}; k="$b/${backupKey(path)}"`,
    isScript,
    `if [ -e "$k.absent" ]; then was=absent`,
    `elif [ -e "$k" ] || [ -L "$k" ]; then was=$(is "$k")`,
    `else ${notSaved}; fi`,
    `if [ -L "$p" ] && [ -e "$k" ] && [ ! -L "$k" ]; then p=$(readlink -f -- "$p") || exit 1; fi`,
    `now=$(is "$p")`,
    `if [ "$now" = "$was" ]; then`,
    `  case $was in`,
    `  absent) exit ${codes.asBefore};;`,
    `  folder) ;;`,
    `  *) [ "$(stat -c '%u:%g %a %Y' -- "$p")" != "$(stat -c '%u:%g %a %Y' -- "$k")" ] || exit ${codes.asBefore};;`,
    `  esac`,
    `elif [ "$now" != absent ] && [ -s "$k.new" ] && [ "$now" != "$(tail -n 1 "$k.new")" ]; then`,
    `  o="$k.found.$$"; cp -a -- "$p" "$o" || exit 1`,
    `  printf '%s\\n' "$o"`,
    `fi`,
    `[ "$was" = absent ] && { rm -rf -- "$p"; exit; }`,
    `d=\${p%/*}; [ -d "$d/" ] || mkdir -p -- "$d" || exit 1`,
    `t="$d/.elkseal.$$.restore"`,
    `trap 'rm -rf -- "$t"' EXIT; trap 'exit 143' HUP INT TERM`,
    `rm -rf -- "$t" && cp -a -- "$k" "$t" || exit 1`,
    `[ -L "$t" ] || [ -d "$t" ] || sync -- "$t" || exit 1`,
    `[ -d "$t" ] && [ ! -L "$t" ] && [ -e "$p" ] && rm -rf -- "$p"`,
    `mv -fT -- "$t" "$p" && sync -- "\${d:-/}"`,
  ].join('\n')
}
