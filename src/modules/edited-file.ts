import { bool, text } from './argument-types.ts'
import { ownershipArguments } from './file-arguments.ts'
import { decideFile, lookAtFile, type FileLook, type WantedOwnership } from './file-change.ts'
import type { Decision, Look } from './module.ts'

/** What lineinfile and blockinfile have in common. */
export const editedFileArguments = {
  create: bool().default(false).describe('Makes the file, and its folder, if it is not there'),
  backup: bool().default(false).describe('Leaves the old file beside the new one, with the time in its name'),
  validate: text().optional().describe('Command that checks the new file before it is used; %s is its path'),
  ...ownershipArguments,
}

export interface EditedFile extends WantedOwnership {
  readonly path: string
  readonly create: boolean
  readonly backup: boolean
  readonly validate?: string | undefined
}

export function lookAtEditedFile(look: Look, { path, owner, group }: EditedFile): Promise<FileLook> {
  return lookAtFile(look.host, path, { owner, group, needsContent: true })
}

/** The decision about a text file that `edit` changes. Bytes that are no UTF-8 survive. */
export function editFile(look: FileLook, given: EditedFile, edit: (before: string) => string): Decision {
  const { current } = look
  const { path, owner, group, mode, backup, validate, create } = given
  if (current.kind === 'absent' && !create) {
    return { kind: 'fail', message: `"${path}" does not exist`, hint: 'create: true makes it' }
  }
  const before = current.kind === 'file' ? current.content : undefined
  if (current.kind === 'file' && before === undefined && current.sha256 !== undefined) {
    return { kind: 'fail', message: `The content of "${path}" is not known` }
  }
  const content = editBytes(before ?? Buffer.alloc(0), edit)
  return decideFile(look, { path, content, owner, group, mode, backup, validate, makeFolder: create })
}

function editBytes(before: Buffer, edit: (before: string) => string): Buffer {
  const asText = before.toString('utf8')
  const isUtf8 = Buffer.from(asText, 'utf8').equals(before)
  return isUtf8 ? Buffer.from(edit(asText), 'utf8') : withBytes(edit(withEscapedBytes(before)))
}

/** Bytes of lines that are no UTF-8 become lone surrogates (Python's surrogateescape): no text of ours has those. */
function withEscapedBytes(bytes: Buffer): string {
  const lines = bytes.toString('latin1').split('\n')
  return lines
    .map((line) => {
      const text = Buffer.from(line, 'latin1').toString('utf8')
      if (Buffer.from(text, 'utf8').toString('latin1') === line) return text
      return line.replace(/[\x80-\xff]/g, (letter) => String.fromCharCode(0xdc00 + letter.charCodeAt(0)))
    })
    .join('\n')
}

function withBytes(text: string): Buffer {
  const parts = text.split(/([\udc80-\udcff])/u)
  return Buffer.concat(
    parts.map((part, index) => (index % 2 === 0 ? Buffer.from(part) : Buffer.from([part.charCodeAt(0) - 0xdc00]))),
  )
}
