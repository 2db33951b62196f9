import type { Output } from '../connection/connection.ts'
import { quote } from '../connection/quote.ts'
import { TaskError } from '../errors.ts'
import type { FileState } from './file-state.ts'
import { localFileAt } from './local-file.ts'
import type { Question } from './question.ts'

export type { FileState } from './file-state.ts'

export interface FileQuestionOptions {
  /** Also brings the content (up to 64 MiB). */
  readonly content?: boolean
  /** Looks at what a link points to. Default true, as Ansible's copy does. */
  readonly follow?: boolean
}

const largestContent = 64 * 1024 * 1024

/** What is at a path: kind, owner, group, mode, digest and, if asked for, the content. */
export function fileAt(path: string, options: FileQuestionOptions = {}): Question<FileState> {
  const follow = options.follow ?? true
  const stat = follow ? 'stat -L' : 'stat'
  const content =
    options.content === true ? `[ "$k" = 'regular file' ] && [ "$z" -le ${String(largestContent)} ] && cat < "$p"` : ':'
  return {
    subjects: [`file:${path}`],
    // A dangling link counts as absent when followed, as for every program that opens it.
    script: [
      `p=${quote(path)}`,
      `s=$(${stat} -c '%F|%U|%G|%a|%Y|%s' -- "$p" 2>/dev/null) || { ${stat} -- "$p" 2>&1 | grep -q 'Permission denied' && exit 13; echo absent; exit 0; }`,
      `k=\${s%%|*}; z=\${s##*|}`,
      `case $k in 'regular empty file') k='regular file';; esac`,
      `d=-; [ "$k" = 'regular file' ] && d=$(sha256sum < "$p" 2>/dev/null | cut -c1-64)`,
      `l=; [ "$k" = 'symbolic link' ] && l=$(readlink -- "$p")`,
      `printf '%s|%s|%s\\n' "$s" "$d" "$l"`,
      `${content}`,
      'exit 0',
    ].join('\n'),
    parse: (output) => parseFile(path, output, options.content === true),
    foresee: (forecast) => {
      const state = forecast.file(path)
      return follow && state?.kind === 'link' ? (state.followed ?? { kind: 'absent' }) : state
    },
    answerHere: () => localFileAt(path, { content: options.content === true, follow }),
  }
}

function parseFile(path: string, output: Output, withContent: boolean): FileState {
  if (output.code === 13)
    throw new TaskError(`Cannot look at "${path}": permission denied`, { hint: 'Use become: true' })
  if (output.code !== 0) throw new TaskError(`Cannot look at "${path}": ${output.stderr.toString().trim()}`)
  const end = output.stdout.indexOf(10)
  const line = output.stdout.subarray(0, end).toString()
  if (line === 'absent') return { kind: 'absent' }
  const [kind = '', owner = '', group = '', mode = '', mtime = '', size = '', digest = '', ...target] = line.split('|')
  const attributes = { owner, group, mode: parseInt(mode, 8), mtime: Number(mtime) }
  if (kind === 'directory') return { kind: 'directory', ...attributes }
  if (kind === 'symbolic link') return { kind: 'link', ...attributes, target: target.join('|') }
  if (!kind.startsWith('regular')) return { kind: 'other', ...attributes }
  const sha256 = /^[0-9a-f]{64}$/.test(digest) ? digest : undefined
  const content = withContent && sha256 !== undefined ? Buffer.from(output.stdout.subarray(end + 1)) : undefined
  return { kind: 'file', ...attributes, size: Number(size), sha256, ...(content === undefined ? {} : { content }) }
}
