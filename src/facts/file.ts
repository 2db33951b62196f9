import { createHash } from 'node:crypto'
import type { Output } from '../connection/connection.ts'
import { quote } from '../connection/quote.ts'
import { TaskError } from '../errors.ts'
import type { FileState } from './file-state.ts'
import { lastingFile } from './lasting-file.ts'
import { localFileAt } from './local-file.ts'
import type { Question } from './question.ts'
import { linkCheck } from './through-link.ts'

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
  return {
    subjects: [`file:${path}`],
    ...(options.content === true ? {} : { within: fileAt(path, { ...options, content: true }) }),
    // A dangling link counts as absent when followed, as for every program that opens it.
    script: [
      linkCheck(path),
      `p=${quote(path)}`,
      `s=$(${stat} -c '%F|%U|%G|%a|%Y|%s' -- "$p" 2>&1) || { case $s in *'Permission denied') exit 13;; esac; echo absent; exit 0; }`,
      `d=-; l=; case $s in`,
      `regular*) ${options.content === true ? contentScript : ''}d=$(sha256sum 2>/dev/null < "$p"); d=\${d%% *};;`,
      `'symbolic link'*) l=$(readlink -- "$p");;`,
      `esac`,
      `printf '%s|%s|%s\\n' "$s" "\${d:--}" "$l"`,
      'exit 0',
    ].join('\n'),
    parse: (output) => parseFile(path, output, options.content === true),
    foresee: (forecast) => {
      const state = forecast.file(path)
      return follow && state?.kind === 'link' ? (state.followed ?? { kind: 'absent' }) : state
    },
    lasting: (state) => lastingFile(path, follow, state),
    answerHere: () => localFileAt(path, { content: options.content === true, follow }),
  }
}

const unreadable = 14

/** What brings its content needs no digest, which would be one more process; the empty field says so. */
const contentScript =
  `[ "\${s##*|}" -gt ${String(largestContent)} ] || ` +
  `{ printf '%s||\\n' "$s"; cat 2>/dev/null < "$p" || exit ${String(unreadable)}; exit 0; }; `

function parseFile(path: string, output: Output, withContent: boolean): FileState {
  if (output.code === 13)
    throw new TaskError(`Cannot look at "${path}": permission denied`, { hint: 'Use become: true' })
  if (output.code !== 0 && output.code !== unreadable)
    throw new TaskError(`Cannot look at "${path}": ${output.stderr.toString().trim()}`)
  const end = output.stdout.indexOf(10)
  const line = output.stdout.subarray(0, end).toString()
  if (line === 'absent') return { kind: 'absent' }
  const [kind = '', owner = '', group = '', mode = '', mtime = '', size = '', digest = '', ...target] = line.split('|')
  const attributes = { owner, group, mode: parseInt(mode, 8), mtime: Number(mtime) }
  if (kind === 'directory') return { kind: 'directory', ...attributes }
  if (kind === 'symbolic link') return { kind: 'link', ...attributes, target: target.join('|') }
  if (!kind.startsWith('regular')) return { kind: 'other', ...attributes }
  const file = { kind: 'file', ...attributes, size: Number(size) } as const
  if (withContent && digest === '' && output.code === 0) {
    const content = Buffer.from(output.stdout.subarray(end + 1))
    return { ...file, sha256: createHash('sha256').update(content).digest('hex'), content }
  }
  return { ...file, sha256: /^[0-9a-f]{64}$/.test(digest) ? digest : undefined }
}
