import * as z from 'zod'
import { groupNamed, userNamed, type NamedId } from '../facts/account.ts'
import { fileAt, type FileState } from '../facts/file.ts'
import { folderAt, type FolderState } from '../facts/folder.ts'
import { pathAt } from '../facts/path.ts'
import type { Question } from '../facts/question.ts'
import { quote } from '../connection/quote.ts'
import { bool, choice, path } from './argument-types.ts'
import type { Effect } from './effect.ts'
import { ownershipArguments } from './file-arguments.ts'
import { folderOf, missingAccount, ownershipChange } from './file-change.ts'
import { applyMode, modeText, type ModeClause } from './file-mode.ts'
import { defineModule, type Decision } from './module.ts'

const args = z.strictObject({
  path: path()
    .meta({ aliases: ['dest', 'name'] })
    .describe('Path on the host'),
  state: choice('file', 'directory', 'link', 'hard', 'touch', 'absent')
    .optional()
    .describe('What is to be there; by default what is there, or a file'),
  src: path().optional().describe('What a link points to; for a symbolic one it need not exist with `force`'),
  recurse: bool().default(false).describe('Sets owner, group and mode of everything in the folder too'),
  force: bool().default(false).describe('Lets a link replace a file, or point to nothing'),
  ...ownershipArguments,
})
type Args = z.infer<typeof args>

interface State {
  readonly current: FileState
  /** What a link at the path points to; for `hard` and `link` the source. */
  readonly itself: FileState
  readonly folder: FolderState
  readonly source: FileState | undefined
  readonly sameInode: boolean
  readonly belowDiffers: boolean
  readonly owner: NamedId | undefined
  readonly group: NamedId | undefined
}

export const file = defineModule<Args, State>({
  name: 'file',
  aliases: ['ansible.builtin.file', 'ansible.legacy.file'],
  summary: 'Makes and removes folders, links and files, and sets owner, group and mode',
  examples: `- file:
    path: /etc/elasticsearch/certs
    state: directory
    owner: root
    group: elasticsearch
    mode: "0750"

- file:
    path: /etc/elasticsearch/old.p12
    state: absent
`,
  args: args
    .refine((given) => !given.recurse || given.state === 'directory', {
      message: 'goes with state: directory only',
      path: ['recurse'],
    })
    .refine((given) => given.src === undefined || given.state === 'link' || given.state === 'hard', {
      message: 'goes with state: link or hard only',
      path: ['src'],
    })
    .refine((given) => given.src !== undefined || (given.state !== 'link' && given.state !== 'hard'), {
      message: 'is required for a link',
      path: ['src'],
    }),

  inspect: async (look, given) => {
    const at = withoutSlash(given.path)
    const [{ itself, current }, folder, source, sameInode, belowDiffers, owner, group] = await Promise.all([
      look.host.ask(pathAt(at)),
      look.host.ask(folderAt(folderOf(at))),
      given.src === undefined ? undefined : look.host.ask(fileAt(given.src)),
      given.state === 'hard' ? look.host.ask(sameFile(at, given.src ?? '')) : false,
      given.recurse ? look.host.ask(anyDiffersBelow(at, given)) : false,
      given.owner === undefined ? undefined : look.host.ask(userNamed(given.owner)),
      given.group === undefined ? undefined : look.host.ask(groupNamed(given.group)),
    ])
    return { current, itself, folder, source, sameInode, belowDiffers, owner, group }
  },

  decide: (state, given) => {
    const at = withoutSlash(given.path)
    const wanted = given.state ?? (state.itself.kind === 'directory' ? 'directory' : 'file')
    const missing = wanted === 'absent' ? undefined : missingAccount(state)
    if (missing !== undefined) return missing
    switch (wanted) {
      case 'absent':
        return decideAbsent(state, at)
      case 'directory':
        return decideDirectory(state, at, given)
      case 'link':
      case 'hard':
        return decideLink(state, at, given)
      case 'touch':
        return decideTouch(state, at, given)
      case 'file':
        return decideAttributes(state, at, given)
    }
  },
})

function decideAbsent(state: State, at: string): Decision {
  const result = { path: at, state: 'absent' }
  if (state.itself.kind === 'absent') return { kind: 'keep', reason: `"${at}" is not there`, result }
  const words = { file: 'file', directory: 'folder with all in it', link: 'link', other: 'special file' }
  const summary = `${at}: ${words[state.itself.kind]} removed`
  return { kind: 'change', change: { summary, effects: [{ kind: 'remove-path', path: at }] }, result }
}

function decideDirectory(state: State, at: string, given: Args): Decision {
  const { current } = state
  const result = { path: at, state: 'directory' }
  if (current.kind === 'directory') return decideAttributes(state, at, given)
  if (current.kind !== 'absent') return { kind: 'fail', message: `"${at}" is there and is no folder` }
  const { owner, group } = given
  const bits = given.mode === undefined ? undefined : applyMode(given.mode, 0o755, true)
  const made: Effect = { kind: 'make-directory', path: at, owner, group, mode: bits }
  const words = [state.owner?.name, state.group?.name].filter((name) => name !== undefined).join(':')
  const summary = [`${at}: new folder`, words, bits === undefined ? '' : modeText(bits)].filter((word) => word !== '')
  return { kind: 'change', change: { summary: summary.join(' '), effects: [made] }, result }
}

function decideAttributes(state: State, at: string, given: Args): Decision {
  const { current } = state
  if (current.kind === 'absent') {
    return { kind: 'fail', message: `"${at}" does not exist`, hint: 'state: touch makes an empty file' }
  }
  const { words, wanted } = ownershipChange(state, given)
  const kind = current.kind === 'directory' ? 'directory' : 'file'
  const result = { path: at, state: kind, owner: current.owner, group: current.group, mode: modeText(current.mode) }
  const all = state.belowDiffers ? [...words, 'owner, group or mode of what is in it'] : words
  if (all.length === 0) return { kind: 'keep', reason: `"${at}" is as wanted`, result }
  const clauses = given.recurse && typeof given.mode === 'object' ? clausesText(given.mode) : undefined
  const attributes = clauses === undefined ? wanted : { ...wanted, mode: undefined, modeClauses: clauses }
  const effect: Effect = { kind: 'set-attributes', path: at, ...attributes, recurse: given.recurse }
  return { kind: 'change', change: { summary: `${at}: ${all.join(', ')}`, effects: [effect] }, result }
}

function decideTouch(state: State, at: string, given: Args): Decision {
  if (state.folder === 'absent') return { kind: 'fail', message: `Folder "${folderOf(at)}" does not exist` }
  const { wanted } = ownershipChange(state, given)
  const effect: Effect = { kind: 'set-attributes', path: at, ...wanted, touch: true }
  const summary = state.current.kind === 'absent' ? `${at}: new empty file` : `${at}: times set to now`
  return { kind: 'change', change: { summary, effects: [effect] }, result: { dest: at, path: at, state: 'file' } }
}

function decideLink(state: State, at: string, given: Args): Decision {
  const { src = '', force } = given
  const hard = given.state === 'hard'
  const result = { path: at, dest: at, src, state: given.state }
  const linked = hard ? state.sameInode : state.itself.kind === 'link' && state.itself.target === src
  if (linked) return { kind: 'keep', reason: `"${at}" links to "${src}"`, result }
  if (state.source?.kind === 'absent' && (hard || !force)) {
    return {
      kind: 'fail',
      message: `"${src}" does not exist`,
      ...(hard ? {} : { hint: 'force: true links to it anyway' }),
    }
  }
  const { kind } = state.itself
  if ((kind === 'file' || kind === 'directory' || kind === 'other') && !force) {
    return { kind: 'fail', message: `"${at}" is there and is no link`, hint: 'force: true replaces it' }
  }
  if (state.folder === 'absent') return { kind: 'fail', message: `Folder "${folderOf(at)}" does not exist` }
  const effects: Effect[] = [{ kind: 'make-link', path: at, target: src, hard, force }]
  const before = state.itself.kind === 'link' ? `link ${state.itself.target} → ` : hard ? 'hard link to ' : 'link to '
  return { kind: 'change', change: { summary: `${at}: ${before}${src}`, effects }, result }
}

function sameFile(one: string, other: string): Question<boolean> {
  return {
    subjects: [`file:${one}`, `file:${other}`],
    script: `[ "$(stat -c %d:%i -- ${quote(one)} 2>/dev/null)" = "$(stat -L -c %d:%i -- ${quote(other)} 2>/dev/null)" ] && echo same; exit 0`,
    parse: (output) => output.stdout.toString().trim() === 'same',
  }
}

/** Whether anything below a folder has another owner, group or mode. */
function anyDiffersBelow(folder: string, given: Args): Question<boolean> {
  const { owner, group, mode } = given
  const tests: string[] = []
  if (owner !== undefined) tests.push(`! -user ${quote(owner)}`)
  if (group !== undefined) tests.push(`! -group ${quote(group)}`)
  if (typeof mode === 'number') tests.push(`! -type l ! -perm ${modeText(mode)}`)
  const scripts = tests.map((test) => `find . -mindepth 1 ${test} -print | head -n 1`)
  if (typeof mode === 'object') {
    // What chmod would do is known to chmod alone: -c would change, so its clauses are compared on the bits found.
    scripts.push(`find . -mindepth 1 ! -type l -exec stat -c '%F|%a' -- {} + | sort -u`)
  }
  return {
    subjects: [`file:${folder}`],
    script: `cd -- ${quote(folder)} 2>/dev/null || exit 0\n${scripts.join('\n')}\nexit 0`,
    parse: (output) =>
      output.stdout
        .toString()
        .split('\n')
        .some((line) => line !== '' && differs(line, mode)),
  }
}

function differs(line: string, mode: Args['mode']): boolean {
  const match = /^([a-z ]+)\|([0-7]+)$/.exec(line)
  if (match === null || typeof mode !== 'object') return true
  const bits = parseInt(match[2] ?? '', 8)
  return applyMode(mode, bits, match[1] === 'directory') !== bits
}

function clausesText(clauses: readonly ModeClause[]): string {
  return clauses.map(({ who, operator, permissions }) => `${who.join('')}${operator}${permissions}`).join(',')
}

function withoutSlash(at: string): string {
  return at.replace(/(?<=.)\/+$/, '')
}
