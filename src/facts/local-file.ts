import { createHash } from 'node:crypto'
import { lstat, readFile, readlink, stat } from 'node:fs/promises'
import { readFileSync, type Stats } from 'node:fs'
import { TaskError } from '../errors.ts'
import type { FileState } from './file-state.ts'

/** The controller's own answer to `fileAt`: the same as the script's, without a process. */
export async function localFileAt(path: string, options: { content: boolean; follow: boolean }): Promise<FileState> {
  const found = await look(path, options.follow)
  if (found === undefined) return { kind: 'absent' }
  const attributes = {
    owner: accountName('/etc/passwd', found.uid),
    group: accountName('/etc/group', found.gid),
    mode: found.mode & 0o7777,
    mtime: Math.floor(found.mtimeMs / 1000),
  }
  if (found.isDirectory()) return { kind: 'directory', ...attributes }
  if (found.isSymbolicLink()) return { kind: 'link', ...attributes, target: await readlink(path) }
  if (!found.isFile()) return { kind: 'other', ...attributes }
  const content = await readable(path)
  return {
    kind: 'file',
    ...attributes,
    size: found.size,
    sha256: content === undefined ? undefined : createHash('sha256').update(content).digest('hex'),
    ...(options.content && content !== undefined ? { content } : {}),
  }
}

async function look(path: string, follow: boolean): Promise<Stats | undefined> {
  try {
    return await (follow ? stat(path) : lstat(path))
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new TaskError(`Cannot look at "${path}": ${code ?? String(thrown)}`, { cause: thrown })
  }
}

async function readable(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path)
  } catch {
    return undefined
  }
}

const names = new Map<string, ReadonlyMap<number, string>>()

function accountName(file: '/etc/passwd' | '/etc/group', id: number): string {
  let known = names.get(file)
  if (known === undefined) {
    known = new Map(
      readFileSync(file, 'utf8')
        .split('\n')
        .map((line) => line.split(':'))
        .map(([name = '', , number]) => [Number(number), name] as const),
    )
    names.set(file, known)
  }
  return known.get(id) ?? 'UNKNOWN'
}
