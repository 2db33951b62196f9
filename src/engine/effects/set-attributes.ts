import { quote } from '../../connection/quote.ts'
import { fileAt } from '../../facts/file.ts'
import { treeAt } from '../../facts/tree.ts'
import type { SetAttributes } from '../../modules/effect.ts'
import { applyMode, modeFrom, modeText } from '../../modules/file-mode.ts'
import { backupKey, codes, notSavedScript, openBackupScript, undoneOf } from './backup.ts'
import type { EffectKind, Forecaster, Performer } from './effect-kind.ts'
import { attributesAfter } from './foreseen-attributes.ts'
import { exits, fileError, runScript } from './host-script.ts'
import type { UndoAttributes, Undone } from './undoing.ts'

const touchedMode = 0o644

export const setAttributes: EffectKind<SetAttributes> = {
  subjects: (effect) => [`file:${effect.path}`],

  perform: async (effect, host) => {
    await runScript(host, { script: attributesScript(effect, host) }, (failed) =>
      fileError(failed, `setting owner, group and mode of "${effect.path}"`, 'some may be set'),
    )
    return { path: effect.path }
  },

  forecast: async (effect, host) => {
    const before = await host.reader.ask(fileAt(effect.path))
    const below =
      effect.recurse === true && before.kind === 'directory' ? await host.reader.ask(treeAt(effect.path)) : []
    await forecastOne(effect, effect.path, host)
    if (below.length > mostForeseen) return 'unknown'
    const folder = effect.path.replace(/\/+$/, '')
    for (const entry of below) await forecastOne(effect, `${folder}/${entry.path}`, host)
    return 'known'
  },

  undoing: ({ path, recurse }) => ({ kind: 'attributes', path, recurse: recurse === true }),
}

/** Owner, group and mode of a path, and of all below it, as they were; its time, where that was touched. */
export async function restoreAttributes(undoing: UndoAttributes, host: Performer): Promise<Undone> {
  if (host.backupDir === undefined) return { kind: 'not kept' }
  const script = [
    `p=${quote(undoing.path)}; k=${quote(`${host.backupDir}/${attributesKey(undoing)}`)}`,
    `if [ -e "$k.new" ]; then [ -e "$p" ] || exit ${codes.asBefore}; rm -f -- "$p"; exit; fi`,
    `[ -e "$k" ] || ${notSavedScript(host)}`,
    `r=${codes.asBefore}`,
    `while read -r owner mode path; do`,
    `  [ -e "$path" ] && [ "$(stat -L -c '%u:%g %a' -- "$path")" != "$owner $mode" ] || continue`,
    `  chown -- "$owner" "$path" && chmod "$mode" -- "$path" || exit 1; r=0`,
    `done < "$k"`,
    `if [ -e "$k.time" ] && [ -e "$p" ] && [ "$(stat -L -c %Y -- "$p")" != "$(stat -c %Y -- "$k.time")" ]; then`,
    `  touch -r "$k.time" -- "$p" || exit 1; r=0`,
    `fi`,
    `exit $r`,
  ].join('\n')
  const output = await host.shell.run({ script })
  const undone = undoneOf(output)
  if (undone !== undefined) return undone
  if (output.code === 0) return { kind: 'put back' }
  throw fileError(output, `putting owner and mode of "${undoing.path}" back`, 'some may be put back')
}

/** A larger tree is not looked at file by file only to foresee it. */
const mostForeseen = 500

async function forecastOne(effect: SetAttributes, path: string, host: Forecaster): Promise<void> {
  const before = await host.reader.ask(fileAt(path))
  const attributes = await attributesAfter(effect, before, { host, defaultMode: touchedMode })
  if (before.kind === 'absent') {
    host.forecast.setFile(path, { kind: 'file', ...attributes, size: 0, sha256: emptySha256, content: Buffer.alloc(0) })
    return
  }
  const clauses = effect.modeClauses === undefined ? undefined : modeFrom(effect.modeClauses)
  const mode = clauses === undefined ? attributes.mode : applyMode(clauses, before.mode, before.kind === 'directory')
  const mtime = effect.touch === true ? attributes.mtime : before.mtime
  host.forecast.setFile(path, { ...before, ...attributes, mode, mtime })
}

const emptySha256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

function attributesScript(effect: SetAttributes, host: Performer): string {
  const recursive = effect.recurse === true ? '-R ' : ''
  const failed = `exit ${exits.failed}`
  const mode = effect.mode === undefined ? effect.modeClauses : modeText(effect.mode)
  const lines = [`p=${quote(effect.path)}`, saveAttributesScript(effect, host, failed)]
  if (effect.touch === true) {
    lines.push(`[ -e "$p" ] || { : > "$p" && chmod ${modeText(effect.mode ?? touchedMode)} -- "$p"; } || ${failed}`)
    lines.push(`touch -- "$p" || ${failed}`)
  }
  if (effect.owner !== undefined || effect.group !== undefined) {
    const owner = `${effect.owner ?? ''}${effect.group === undefined ? '' : `:${effect.group}`}`
    // Inside a tree the links themselves: a link must not lead the change out of it.
    lines.push(`chown ${recursive === '' ? '' : '-R -h '}-- ${quote(owner)} "$p" || ${failed}`)
  }
  if (mode !== undefined) lines.push(`chmod ${recursive}${quote(mode)} -- "$p" || ${failed}`)
  return lines.join('\n')
}

function saveAttributesScript(effect: SetAttributes, host: Performer, failed: string): string {
  if (host.backupDir === undefined) return ':'
  const depth = effect.recurse === true ? '' : '-maxdepth 0 '
  return [
    openBackupScript(host, failed),
    `k="$b/${attributesKey(effect)}"`,
    `if [ -n "$b" ] && [ ! -e "$k" ] && [ ! -e "$k.new" ]; then`,
    `  if [ -e "$p" ]; then`,
    `    find -H "$p" ${depth}! -type l -exec stat -L -c '%u:%g %a %n' -- {} + > "$k" || ${failed}`,
    effect.touch === true ? `    touch -r "$p" -- "$k.time" || ${failed}` : ':',
    `  else : > "$k.new" || ${failed}; fi`,
    `  printf 'attributes %s %s\\n' ${attributesKey(effect)} "$p" >> "$b/manifest" || ${failed}`,
    `fi`,
  ].join('\n')
}

function attributesKey(effect: Pick<SetAttributes, 'path' | 'recurse'>): string {
  return `attributes-${backupKey(`${effect.path}${effect.recurse === true ? '/**' : ''}`)}`
}
