import * as z from 'zod'
import { TaskError } from '../errors.ts'
import { fileAt, type FileState } from '../facts/file.ts'
import type { Reader } from '../facts/question.ts'
import { treeAt } from '../facts/tree.ts'
import { Secret } from '../secrets/secret.ts'
import { bool, converted, mode, path, sourcePath, text } from './argument-types.ts'
import { ownershipArguments } from './file-arguments.ts'
import { decideFile, joinChanges, lookAtFile, type FileLook } from './file-change.ts'
import { modeFrom, type Mode } from './file-mode.ts'
import { defineModule, type Change, type Decision, type Look } from './module.ts'

const args = z.strictObject({
  src: sourcePath()
    .optional()
    .describe('File or folder on the controller, searched in files/ beside the playbook; "name/" means what is in it'),
  content: converted('str', 'a text', contentFrom).optional().describe('Content of the file, instead of `src`'),
  dest: path().describe('Path on the host; with "/" at its end, the folder to copy into'),
  ...ownershipArguments,
  mode: converted<Mode | 'preserve'>('mode', 'a mode such as "0644", "u=rw,g=r,o=", or preserve', (value) =>
    value === 'preserve' ? value : modeFrom(value),
  )
    .optional()
    .describe(`${ownershipArguments.mode.description ?? ''}. "preserve" takes the source's`),
  directory_mode: mode().optional().describe('Permissions of folders that are made while a folder is copied'),
  backup: bool().default(false).describe('Leaves the old file beside the new one, with the time in its name'),
  force: bool().default(true).describe('false leaves a file alone that is already there'),
  remote_src: bool().default(false).describe('`src` is on the host'),
  decrypt: bool().default(true).describe('Decrypts a vaulted source'),
  validate: text().optional().describe('Command that checks the new file before it is used; %s is its path'),
})
type Args = z.infer<typeof args>

interface Piece {
  readonly path: string
  readonly content: Buffer | Secret
  readonly sourceMode: number | undefined
  readonly look: FileLook
}

interface State {
  readonly pieces: readonly Piece[]
  /** Folders to be there first, parents first, with what is there now. */
  readonly folders: readonly { readonly path: string; readonly state: FileState }[]
  readonly makeFolder: boolean
}

export const copy = defineModule<Args, State>({
  name: 'copy',
  aliases: ['ansible.builtin.copy', 'ansible.legacy.copy'],
  summary: 'Copies files from the controller to the host, or writes a text into a file',
  examples: `- name: The CA for programs on this host
  copy:
    src: ca.crt
    dest: /etc/ssl/certs/elastic-ca.crt
    owner: root
    group: root
    mode: "0644"

- name: A text
  copy:
    content: "{{ inventory_hostname }}\\n"
    dest: /etc/node-name
`,
  args: args
    .refine((given) => (given.src === undefined) !== (given.content === undefined), {
      message: 'exactly one of "src" and "content" is needed',
    })
    .refine((given) => given.validate?.includes('%s') !== false, { message: 'must contain %s', path: ['validate'] })
    .refine((given) => given.content === undefined || !given.dest.endsWith('/'), {
      message: 'must be a file when "content" is given',
      path: ['dest'],
    }),

  inspect: async (look, given) => {
    if (given.content !== undefined) {
      const content = given.content
      const piece = await lookAtPiece(look, given, { path: given.dest, content, sourceMode: undefined })
      return { pieces: [piece], folders: [], makeFolder: false }
    }
    const reader = given.remote_src ? look.host : look.controller
    const src = given.src ?? ''
    const found = given.remote_src ? src : look.findSource(src, 'files')
    const [source, dest] = await Promise.all([
      reader.ask(fileAt(found, { content: true })),
      look.host.ask(fileAt(given.dest)),
    ])
    if (source.kind === 'directory') return inspectFolder(look, given, { reader, found })
    const content = contentOf(source, found, { look, decrypt: given.decrypt && !given.remote_src })
    const into = given.dest.endsWith('/') || dest.kind === 'directory'
    const target = into ? joinPath(given.dest, baseName(found)) : given.dest
    const piece = await lookAtPiece(look, given, { path: target, content, sourceMode: modeOf(source) })
    return { pieces: [piece], folders: [], makeFolder: given.dest.endsWith('/') }
  },

  decide: (state, given) => {
    const changes: Change[] = []
    const decisions: Decision[] = []
    for (const folder of state.folders) {
      if (folder.state.kind === 'directory') continue
      const { owner, group, directory_mode: wanted } = given
      const bits = typeof wanted === 'number' ? wanted : undefined
      const effect = { kind: 'make-directory', path: folder.path, owner, group, mode: bits } as const
      changes.push({ summary: `${folder.path}: new folder`, effects: [effect] })
    }
    for (const piece of state.pieces) {
      const decision = decidePiece(piece, given, state)
      if (decision.kind === 'fail') return decision
      decisions.push(decision)
      if (decision.kind === 'change') changes.push(decision.change)
    }
    const [only] = decisions
    if (state.folders.length === 0 && only !== undefined) return only
    const result = { dest: given.dest, src: given.src, state: 'directory' }
    if (changes.length === 0)
      return { kind: 'keep', reason: `"${given.dest}" holds all of "${given.src ?? ''}"`, result }
    const summary = `${given.dest}: ${changes.length} of ${state.pieces.length + state.folders.length} files and folders`
    return { kind: 'change', change: joinChanges(changes, summary), result }
  },
})

function decidePiece(piece: Piece, given: Args, state: State): Decision {
  const { owner, group, backup, validate, mode: wanted } = given
  if (!given.force && piece.look.current.kind !== 'absent') {
    return { kind: 'keep', reason: `"${piece.path}" is there, and force is false`, result: { dest: piece.path } }
  }
  const bits = wanted === 'preserve' ? piece.sourceMode : wanted
  const inNewFolder = state.folders.length > 0 || state.makeFolder
  const decision = decideFile(piece.look, {
    path: piece.path,
    content: piece.content,
    owner,
    group,
    mode: bits,
    backup,
    validate,
    makeFolder: inNewFolder,
  })
  if (decision.kind !== 'change' || state.folders.length === 0) return decision
  // The folders of a tree have effects of their own.
  const effects = decision.change.effects.filter((effect) => effect.kind !== 'make-directory')
  return { ...decision, change: { ...decision.change, effects } }
}

async function inspectFolder(
  look: Look,
  given: Args,
  source: { readonly reader: Reader; readonly found: string },
): Promise<State> {
  const { reader, found } = source
  const onlyInside = (given.src ?? '').endsWith('/')
  const top = onlyInside ? given.dest : joinPath(given.dest, baseName(found))
  const entries = await reader.ask(treeAt(found))
  const folderPaths = [top, ...entries.filter((one) => one.kind === 'directory').map((one) => joinPath(top, one.path))]
  const [folders, pieces] = await Promise.all([
    Promise.all(folderPaths.map(async (one) => ({ path: one, state: await look.host.ask(fileAt(one)) }))),
    Promise.all(
      entries
        .filter((one) => one.kind === 'file')
        .map(async (one) => {
          const from = joinPath(found, one.path)
          const state = await reader.ask(fileAt(from, { content: true }))
          const content = contentOf(state, from, { look, decrypt: given.decrypt && !given.remote_src })
          return lookAtPiece(look, given, { path: joinPath(top, one.path), content, sourceMode: modeOf(state) })
        }),
    ),
  ])
  return { pieces, folders, makeFolder: true }
}

async function lookAtPiece(look: Look, given: Args, piece: Omit<Piece, 'look'>): Promise<Piece> {
  const { owner, group } = given
  return { ...piece, look: await lookAtFile(look.host, piece.path, { owner, group, content: piece.content }) }
}

function contentOf(
  source: FileState,
  found: string,
  { look, decrypt }: { readonly look: Look; readonly decrypt: boolean },
): Buffer | Secret {
  if (source.kind === 'absent') throw new TaskError(`Source "${found}" does not exist`)
  if (source.kind !== 'file') throw new TaskError(`Source "${found}" is no regular file`)
  if (source.content === undefined) throw new TaskError(`Source "${found}" cannot be read or is larger than 64 MiB`)
  return decrypt && look.vault.isEncrypted(source.content)
    ? look.vault.decrypt(source.content, `"${found}"`)
    : source.content
}

/** Maps and lists become JSON, with Python's blanks, as in Ansible. */
function contentFrom(value: unknown): Buffer | Secret | undefined {
  if (value instanceof Secret) return value
  if (typeof value === 'string') return Buffer.from(value)
  if (typeof value === 'number') return Buffer.from(json(value))
  if (typeof value === 'boolean') return Buffer.from(value ? 'True' : 'False')
  if (typeof value !== 'object' || value === null) return undefined
  return holdsSecret(value) ? new Secret(json(value)) : Buffer.from(json(value))
}

function holdsSecret(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return value instanceof Secret || Object.values(value).some(holdsSecret)
}

function json(value: unknown): string {
  if (value instanceof Secret) return JSON.stringify(value.reveal())
  if (Array.isArray(value)) return `[${value.map(json).join(', ')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const entries = Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${json(item)}`)
  return `{${entries.join(', ')}}`
}

function modeOf(state: FileState): number | undefined {
  return state.kind === 'absent' ? undefined : state.mode
}

function baseName(found: string): string {
  return found.replace(/\/+$/, '').split('/').at(-1) ?? ''
}

function joinPath(folder: string, name: string): string {
  return `${folder.replace(/\/+$/, '')}/${name}`
}
