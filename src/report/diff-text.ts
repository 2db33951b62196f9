import { createTwoFilesPatch } from 'diff'
import type { Diff } from '../modules/module.ts'

/** Unified, three lines of context, as `ansible --diff` prints it. */
export function diffText(diff: Diff): string {
  const patch = createTwoFilesPatch(
    diff.beforeHeader,
    diff.afterHeader,
    diff.before,
    diff.after,
    undefined,
    undefined,
    {
      context: 3,
    },
  )
  return patch
    .split('\n')
    .filter((line) => !line.startsWith('=====') && !line.startsWith('Index: '))
    .join('\n')
    .replace(/\t?$/gm, '')
}
