import type { FileState } from './file-state.ts'
import type { Lasting } from './question.ts'

/** Files that change all the time. */
export function isOfTheKernel(path: string): boolean {
  return /^\/(proc|sys)\//.test(path)
}

/** What of a file lasts: what it is, whose, and its content; not its times, which a copy of the same changes too. */
export function lastingFile(path: string, follow: boolean, state: FileState): Lasting | undefined {
  if (isOfTheKernel(path)) return undefined
  const of = follow ? `file:${path}` : `link:${path}`
  if (state.kind === 'absent') return { of, words: 'absent' }
  const attributes = `${state.owner}:${state.group} ${state.mode.toString(8).padStart(4, '0')}`
  switch (state.kind) {
    case 'file':
      return { of, words: `a file, ${attributes}`, content: state.sha256 ?? 'unreadable' }
    case 'directory':
      return { of, words: `a folder, ${attributes}` }
    case 'link':
      return { of, words: `a link to ${state.target}` }
    case 'other':
      return { of, words: `no regular file, ${attributes}` }
  }
}
