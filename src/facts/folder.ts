import { quote } from '../connection/quote.ts'
import { fileAt } from './file.ts'
import { localFileAt } from './local-file.ts'
import type { Question } from './question.ts'
import { linkCheck } from './through-link.ts'

export type FolderState = 'folder' | 'absent' | 'other'

/** Whether a file could be put there. Stays true while what is in it changes, and costs no process where it is so. */
export function folderAt(path: string): Question<FolderState> {
  const whole = fileAt(path)
  const stateOf = ({ kind }: { readonly kind: string }): FolderState =>
    kind === 'directory' ? 'folder' : kind === 'absent' ? 'absent' : 'other'
  return {
    subjects: [`folder:${path}`],
    script: `${linkCheck(path)}\nif [ -d ${quote(path)} ]; then echo folder; exit 0; fi\n${whole.script}`,
    parse: (output) => (output.stdout.toString() === 'folder\n' ? 'folder' : stateOf(whole.parse(output))),
    foresee: (forecast) => {
      const foreseen = whole.foresee?.(forecast)
      if (foreseen !== undefined) return stateOf(foreseen)
      return forecast.hasBelow(path) ? 'folder' : undefined
    },
    lasting: (state) => ({ of: `folder:${path}`, words: state === 'other' ? 'no folder' : state }),
    answerHere: async () => stateOf(await localFileAt(path, { content: false, follow: true })),
  }
}
