import { createHash, randomBytes } from 'node:crypto'
import type { Output } from '../../connection/connection.ts'
import { quote, quoteWords } from '../../connection/quote.ts'
import { TaskError } from '../../errors.ts'
import { fileAt } from '../../facts/file.ts'
import { modeText } from '../../modules/file-mode.ts'
import type { WriteFile } from '../../modules/effect.ts'
import { splitWords } from '../../modules/split-words.ts'
import { Secret } from '../../secrets/secret.ts'
import { noteScript, saveScript } from './backup.ts'
import type { EffectKind, Performer } from './effect-kind.ts'
import { attributesAfter } from './foreseen-attributes.ts'
import { exits, fileError, runScript } from './host-script.ts'

/** What a new file gets when nobody says: as a umask of 022 leaves it. */
const defaultMode = 0o644

export const writeFile: EffectKind<WriteFile> = {
  subjects: (effect) => [`file:${effect.path}`],

  perform: async (effect, host) => {
    const content = bytesOf(effect)
    const sha256 = createHash('sha256').update(content).digest('hex')
    const output = await runScript(
      host,
      { script: writeScript(effect, host, { size: content.length, sha256 }), stdin: effect.content },
      (failed) => describeFailure(effect, failed),
    )
    const backup = output.stdout.toString().trim()
    return { dest: effect.path, size: content.length, ...(backup === '' ? {} : { backup_file: backup }) }
  },

  forecast: async (effect, host) => {
    const content = bytesOf(effect)
    const before = await host.reader.ask(fileAt(effect.path))
    const attributes = await attributesAfter(effect, before, { host, defaultMode })
    host.forecast.setFile(effect.path, {
      kind: 'file',
      ...attributes,
      size: content.length,
      sha256: createHash('sha256').update(content).digest('hex'),
      content,
    })
    return 'known'
  },

  undoing: (effect) => ({ kind: 'path', path: effect.path }),
}

function writeScript(effect: WriteFile, host: Performer, wanted: { size: number; sha256: string }): string {
  const failed = `exit ${exits.failed}`
  return [
    `p=${quote(effect.path)}`,
    `if [ -L "$p" ]; then p=$(readlink -f -- "$p") || exit ${exits.danglingLink}; fi`,
    `[ -d "$p" ] && exit ${exits.isFolder}`,
    `d=\${p%/*}; [ -d "$d/" ] || exit ${exits.noFolder}`,
    // What mktemp does, without a process: a name nobody can know, and (-C) a failure if it is there all the same.
    `t="$d/.elkseal.${randomBytes(8).toString('hex')}"; set -C`,
    // Owner and mode are right before the first byte is there; the descriptor was opened while we could.
    `exec 3>"$t" || ${failed}`,
    `set +C; trap 'rm -f -- "$t"' EXIT; trap 'exit 143' HUP INT TERM`,
    `if [ -e "$p" ]; then`,
    `  e=$(cp --attributes-only --preserve=all -- "$p" "$t" 2>&1) || case $e in`,
    // busybox, where there is no more to keep: its tools know neither ACLs nor extended attributes.
    `  *'unrecognized option'*) e=$(stat -c '%u:%g %a' -- "$p") && chown -- "\${e% *}" "$t" && chmod "\${e#* }" -- "$t";;`,
    `  *) printf '%s\\n' "$e" >&2; false;;`,
    `  esac || ${failed}`,
    `fi`,
    effect.mode === undefined ? `[ -e "$p" ] || chmod ${modeText(defaultMode)} -- "$t" || ${failed}` : ':',
    ownershipScript(effect, failed),
    // On the disk before it gets its name.
    `dd bs=65536 conv=fsync status=none >&3 || ${failed}`,
    `exec 3>&-`,
    `case $(sha256sum < "$t") in ${wanted.sha256}*) ;; *) exit ${exits.damaged};; esac`,
    wanted.size === 0 ? `touch -- "$t" || ${failed}` : ':',
    validateScript(effect),
    effect.backup === true ? keepBesideScript(failed) : ':',
    saveScript(host, effect.path, failed),
    noteScript(host, wanted.sha256, failed),
    `mv -fT -- "$t" "$p" || ${failed}`,
    `trap - EXIT`,
    // The rename itself is durable with its folder.
    `sync -- "$d/" || ${failed}`,
  ].join('\n')
}

function ownershipScript(effect: WriteFile, failed: string): string {
  const { owner, group, mode } = effect
  const lines: string[] = []
  if (owner !== undefined || group !== undefined) {
    lines.push(`chown -- ${quote(`${owner ?? ''}${group === undefined ? '' : `:${group}`}`)} "$t" || ${failed}`)
  }
  // After chown, which takes set-uid bits away.
  if (mode !== undefined) lines.push(`chmod ${modeText(mode)} -- "$t" || ${failed}`)
  return lines.join('\n') || ':'
}

function validateScript(effect: WriteFile): string {
  if (effect.validate === undefined) return ':'
  const words = splitWords(effect.validate).map((word) =>
    word
      .split('%s')
      .map((part) => (part === '' ? '' : quote(part)))
      .join('"$t"'),
  )
  return `( ${words.join(' ')} ) </dev/null >&2 || exit ${exits.invalid}`
}

/** Ansible's name for a backup: FILE.PID.DATE@TIME~. */
function keepBesideScript(failed: string): string {
  return [
    `if [ -e "$p" ]; then`,
    `  o="$p.$$.$(date +%Y-%m-%d@%H:%M:%S)~"`,
    `  cp -a -- "$p" "$o" || { rm -f -- "$o"; ${failed}; }`,
    `  printf '%s\\n' "$o"`,
    `fi`,
  ].join('\n')
}

function describeFailure(effect: WriteFile, output: Output): TaskError {
  const { path } = effect
  const folder = path.slice(0, path.lastIndexOf('/')) || '/'
  switch (output.code) {
    case exits.noFolder:
      return new TaskError(`Folder "${folder}" of "${path}" does not exist`, {
        hint: 'Make it with the file module first: state: directory',
      })
    case exits.isFolder:
      return new TaskError(`"${path}" is a folder, so no file can be written there`)
    case exits.danglingLink:
      return new TaskError(`"${path}" is a link to nowhere`)
    case exits.damaged:
      return new TaskError(`"${path}" did not arrive as it was sent: the old file is unchanged`)
    case exits.invalid:
      return new TaskError(`The new "${path}" is not valid: the old file is unchanged`, {
        hint: `${quoteWords(splitWords(effect.validate ?? ''))} said: ${output.stderr.toString().trim()}`,
      })
    default:
      return fileError(output, `writing "${path}"`, 'the old file is unchanged')
  }
}

function bytesOf(effect: WriteFile): Buffer {
  return effect.content instanceof Secret ? effect.content.revealBytes() : effect.content
}
