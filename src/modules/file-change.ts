import { createHash } from 'node:crypto'
import { groupNamed, userNamed, type NamedId } from '../facts/account.ts'
import { fileAt, type FileState } from '../facts/file.ts'
import { folderAt, type FolderState } from '../facts/folder.ts'
import type { Reader } from '../facts/question.ts'
import { Secret } from '../secrets/secret.ts'
import type { Effect } from './effect.ts'
import { applyMode, modeText, type Mode } from './file-mode.ts'
import type { Change, Decision, Diff, Fail, Values } from './module.ts'

/** What a file is to be. Undefined attributes stay as they are. */
export interface WantedFile extends WantedOwnership {
  readonly path: string
  readonly content: Buffer | Secret
  readonly backup?: boolean | undefined
  readonly validate?: string | undefined
  /** Makes missing parent folders, instead of failing. */
  readonly makeFolder?: boolean | undefined
}

export interface WantedOwnership {
  readonly owner?: string | undefined
  readonly group?: string | undefined
  readonly mode?: Mode | undefined
}

/** What is known of a file before it is decided what becomes of it. */
export interface FileLook {
  readonly current: FileState
  readonly folder: FolderState
  readonly owner: NamedId | undefined
  readonly group: NamedId | undefined
}

/** As Ansible, which shows no differences of larger files. */
const largestDiff = 104_448
const newFileMode = 0o644

/** Looks at a file and what changing it needs: one round trip, and a second one for the text of a file that differs. */
export async function lookAtFile(
  host: Reader,
  path: string,
  wanted: WantedOwnership & { readonly content?: Buffer | Secret | undefined; readonly needsContent?: boolean },
): Promise<FileLook> {
  const withContent = wanted.needsContent === true
  const [current, folder, owner, group] = await Promise.all([
    host.ask(fileAt(path, { content: withContent })),
    host.ask(folderAt(folderOf(path))),
    wanted.owner === undefined ? undefined : host.ask(userNamed(wanted.owner)),
    wanted.group === undefined ? undefined : host.ask(groupNamed(wanted.group)),
  ])
  const differs =
    current.kind === 'file' &&
    current.content === undefined &&
    Buffer.isBuffer(wanted.content) &&
    current.sha256 !== sha256Of(wanted.content) &&
    Math.max(current.size, wanted.content.length) <= largestDiff
  return { current: differs ? await host.ask(fileAt(path, { content: true })) : current, folder, owner, group }
}

/** The whole decision about one file's content, owner, group and mode. Pure. */
export function decideFile(look: FileLook, wanted: WantedFile): Decision {
  const { current } = look
  const failure = whyImpossible(look, wanted)
  if (failure !== undefined) return failure
  const bytes = bytesOf(wanted.content)
  const sameContent = current.kind === 'file' && current.sha256 === sha256Of(bytes)
  const ownership = ownershipChange(look, wanted)
  const result = resultOf(look, wanted, bytes)
  if (sameContent && ownership.words.length === 0) {
    return { kind: 'keep', reason: `"${wanted.path}" is as wanted`, result }
  }
  const { owner, group, mode } = ownership.wanted
  const effects: Effect[] = []
  if (look.folder === 'absent') effects.push({ kind: 'make-directory', path: folderOf(wanted.path) })
  if (sameContent) effects.push({ kind: 'set-attributes', path: wanted.path, owner, group, mode })
  else {
    const { path, content, backup = false, validate } = wanted
    effects.push({ kind: 'write-file', path, content, owner, group, mode, backup, validate })
  }
  const what = sameContent ? [] : [current.kind === 'absent' ? 'new file' : 'content changed']
  const summary = `${wanted.path}: ${[...what, ...ownership.words].join(', ')}`
  const diff = sameContent ? undefined : contentDiff(current, wanted)
  return {
    kind: 'change',
    change: { summary, effects, ...(diff === undefined ? {} : { diff }) },
    result,
    collect: (results) => collectBackup(result, results),
  }
}

/** What differs in owner, group and mode: in words, and as the values that an effect is to set. */
export function ownershipChange(
  look: Pick<FileLook, 'current' | 'owner' | 'group'>,
  wanted: WantedOwnership,
): { readonly words: readonly string[]; readonly wanted: { owner?: string; group?: string; mode?: number } } {
  const { current } = look
  const old = current.kind === 'absent' ? undefined : current
  const isDirectory = current.kind === 'directory'
  const words: string[] = []
  const compare = (name: string, before: string | undefined, after: string | undefined) => {
    if (after === undefined || before === after) return
    words.push(before === undefined ? `${name} ${after}` : `${name} ${before} → ${after}`)
  }
  compare('owner', old?.owner, look.owner?.name)
  compare('group', old?.group, look.group?.name)
  const mode = wanted.mode === undefined ? undefined : applyMode(wanted.mode, old?.mode ?? newFileMode, isDirectory)
  compare('mode', old === undefined ? undefined : modeText(old.mode), mode === undefined ? undefined : modeText(mode))
  return {
    words,
    wanted: {
      ...(wanted.owner === undefined ? {} : { owner: wanted.owner }),
      ...(wanted.group === undefined ? {} : { group: wanted.group }),
      ...(mode === undefined ? {} : { mode }),
    },
  }
}

/** A user or group that is to own something and does not exist. */
export function missingAccount(look: Pick<FileLook, 'owner' | 'group'>): Fail | undefined {
  for (const [kind, account] of [
    ['User', look.owner],
    ['Group', look.group],
  ] as const) {
    if (account?.exists === false)
      return { kind: 'fail', message: `${kind} "${account.name}" does not exist on the host` }
  }
  return undefined
}

/** Before and after, for text of a size that can be read. Secret content has no diff. */
function contentDiff(current: FileState, wanted: Pick<WantedFile, 'path' | 'content'>): Diff | undefined {
  if (wanted.content instanceof Secret) return undefined
  const before = current.kind === 'file' ? current.content : Buffer.alloc(0)
  const isShown = (bytes: Buffer) => bytes.length <= largestDiff && !bytes.includes(0)
  if (before === undefined || !isShown(before) || !isShown(wanted.content)) return undefined
  return {
    before: before.toString(),
    after: wanted.content.toString(),
    beforeHeader: current.kind === 'absent' ? `${wanted.path} (absent)` : wanted.path,
    afterHeader: wanted.path,
  }
}

export function folderOf(path: string): string {
  return path.slice(0, path.replace(/\/+$/, '').lastIndexOf('/')) || '/'
}

function sha256Of(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** One change of several: their effects in order, and one line that says how many. */
export function joinChanges(changes: readonly Change[], summary: string): Change {
  const [first] = changes
  if (changes.length === 1 && first !== undefined) return first
  return { summary, effects: changes.flatMap((change) => change.effects) }
}

function whyImpossible(look: FileLook, wanted: WantedFile): Fail | undefined {
  const { current, folder } = look
  if (current.kind === 'directory') return { kind: 'fail', message: `"${wanted.path}" is a folder` }
  if (current.kind === 'other') return { kind: 'fail', message: `"${wanted.path}" is no regular file` }
  if (folder === 'absent' && wanted.makeFolder !== true) {
    const message = `Folder "${folderOf(wanted.path)}" of "${wanted.path}" does not exist`
    return { kind: 'fail', message, hint: 'Make it first: file with state: directory' }
  }
  if (current.kind === 'file' && current.sha256 === undefined) {
    return { kind: 'fail', message: `Cannot read "${wanted.path}": permission denied`, hint: 'Use become: true' }
  }
  return missingAccount(look)
}

function resultOf(look: FileLook, wanted: WantedFile, bytes: Buffer): Values {
  const { current } = look
  const old = current.kind === 'absent' ? undefined : current
  const { mode } = ownershipChange(look, wanted).wanted
  return {
    dest: wanted.path,
    path: wanted.path,
    state: 'file',
    size: bytes.length,
    // A digest of a short secret could be guessed from.
    ...(wanted.content instanceof Secret ? {} : { checksum: createHash('sha1').update(bytes).digest('hex') }),
    ...((look.owner?.name ?? old?.owner) === undefined ? {} : { owner: look.owner?.name ?? old?.owner }),
    ...((look.group?.name ?? old?.group) === undefined ? {} : { group: look.group?.name ?? old?.group }),
    mode: modeText(mode ?? old?.mode ?? newFileMode),
  }
}

function collectBackup(result: Values, results: readonly Values[]): Values {
  const backup = results.find((one) => one['backup_file'] !== undefined)?.['backup_file']
  return backup === undefined ? result : { ...result, backup_file: backup }
}

function bytesOf(content: Buffer | Secret): Buffer {
  return content instanceof Secret ? content.revealBytes() : content
}
