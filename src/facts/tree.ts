import { quote } from '../connection/quote.ts'
import { TaskError } from '../errors.ts'
import type { Question } from './question.ts'

export interface TreeEntry {
  /** Relative to the folder. */
  readonly path: string
  readonly kind: 'file' | 'directory'
}

/** Folders and regular files below a folder, parents first; links count as what they point to. */
export function treeAt(folder: string): Question<readonly TreeEntry[]> {
  return {
    subjects: [`file:${folder}`],
    script: `cd -- ${quote(folder)} && { find -L . -mindepth 1 -type d -exec printf 'd %s\\0' {} + ; find -L . -type f -exec printf 'f %s\\0' {} + ; }`,
    parse: (output) => {
      if (output.code !== 0) throw new TaskError(`Cannot list "${folder}": ${output.stderr.toString().trim()}`)
      return output.stdout
        .toString()
        .split('\0')
        .filter((line) => line !== '')
        .map((line): TreeEntry => ({ path: line.slice(4), kind: line.startsWith('d') ? 'directory' : 'file' }))
        .sort((a, b) => (a.path < b.path ? -1 : 1))
    },
  }
}
