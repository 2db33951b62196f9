import { quote } from '../../connection/quote.ts'
import { fileAt } from '../../facts/file.ts'
import { treeAt } from '../../facts/tree.ts'
import type { SetAttributes } from '../../modules/effect.ts'
import { applyMode, modeFrom, modeText } from '../../modules/file-mode.ts'
import { backupKey } from './backup.ts'
import type { EffectKind, Forecaster, Performer } from './effect-kind.ts'
import { attributesAfter } from './foreseen-attributes.ts'
import { exits, fileError, runScript } from './host-script.ts'

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

  undo: async (effect, host) => {
    if (host.backupDir === undefined) return false
    const script = [
      `k=${quote(`${host.backupDir}/${attributesKey(effect)}`)}`,
      `[ -e "$k.new" ] && { rm -f -- ${quote(effect.path)}; exit; }`,
      `[ -e "$k" ] || exit 3`,
      `while read -r owner mode path; do`,
      `  if [ -e "$path" ]; then chown -- "$owner" "$path" && chmod "$mode" -- "$path" || exit 1; fi`,
      `done < "$k"`,
    ].join('\n')
    const output = await host.shell.run({ script })
    if (output.code === 3) return false
    if (output.code === 0) return true
    throw fileError(output, `putting owner and mode of "${effect.path}" back`, 'some may be put back')
  },
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
    `b=${quote(host.backupDir)}; k="$b/${attributesKey(effect)}"`,
    `if [ ! -e "$k" ] && [ ! -e "$k.new" ]; then`,
    `  [ -d "$b" ] || { mkdir -p -- "$b" && chmod 0700 -- "$b"; } || ${failed}`,
    `  if [ -e "$p" ]; then`,
    `    find -H "$p" ${depth}! -type l -exec stat -L -c '%u:%g %a %n' -- {} + > "$k" || ${failed}`,
    `  else : > "$k.new" || ${failed}; fi`,
    `  printf 'attributes %s %s\\n' ${attributesKey(effect)} "$p" >> "$b/manifest" || ${failed}`,
    `fi`,
  ].join('\n')
}

function attributesKey(effect: SetAttributes): string {
  return `attributes-${backupKey(`${effect.path}${effect.recurse === true ? '/**' : ''}`)}`
}
