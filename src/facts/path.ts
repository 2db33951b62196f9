import { quote } from '../connection/quote.ts'
import { fileAt, type FileState } from './file.ts'
import { localFileAt } from './local-file.ts'
import type { Question } from './question.ts'

export interface PathState {
  /** What is at the path: perhaps a link. */
  readonly itself: FileState
  /** What programs find that open it. */
  readonly current: FileState
}

/** Both views of a path. Where there is no link they are one, and looked at once. */
export function pathAt(path: string): Question<PathState> {
  const link = fileAt(path, { follow: false })
  const target = fileAt(path)
  return {
    subjects: target.subjects,
    script: [
      `if [ -L ${quote(path)} ]; then`,
      `  ( ${link.script}\n) || exit $?`,
      // The one byte that is in no name.
      `  printf '\\0'`,
      `fi`,
      target.script,
    ].join('\n'),
    parse: (output) => {
      const end = output.stdout.indexOf(0)
      const current = target.parse({ ...output, stdout: output.stdout.subarray(end + 1) })
      return { itself: end < 0 ? current : link.parse({ ...output, stdout: output.stdout.subarray(0, end) }), current }
    },
    foresee: (forecast) => {
      const itself = link.foresee?.(forecast)
      const current = target.foresee?.(forecast)
      return itself === undefined || current === undefined ? undefined : { itself, current }
    },
    lasting: ({ itself, current }) =>
      itself.kind === 'link' ? { of: `link:${path}`, words: `a link to ${itself.target}` } : target.lasting?.(current),
    answerHere: async () => ({
      itself: await localFileAt(path, { content: false, follow: false }),
      current: await localFileAt(path, { content: false, follow: true }),
    }),
  }
}
