import type { Output, ShellRequest } from '../../connection/connection.ts'
import { TaskError } from '../../errors.ts'
import type { Performer } from './effect-kind.ts'

/** Exit codes of the scripts of effects, beside the ones of the tools they call. */
export const exits = { noFolder: 20, isFolder: 21, damaged: 22, failed: 23, danglingLink: 24, invalid: 25 } as const

/** Runs an effect's script; `describe` turns a failure into the error that the user reads. */
export async function runScript(
  host: Performer,
  request: ShellRequest,
  describe: (output: Output) => TaskError,
): Promise<Output> {
  const output = await host.shell.run(request)
  if (output.code !== 0) throw describe(output)
  return output
}

/** What coreutils say with LC_ALL=C, and what a user can do about it. */
const reasons: readonly (readonly [text: string, hint: string | undefined])[] = [
  ['No space left on device', 'Make room on that file system and run again'],
  ['Read-only file system', 'Mount it writable; the kernel does this by itself after a disk error'],
  ['Disk quota exceeded', 'Make room for that account and run again'],
  ['Permission denied', 'Use become: true'],
  ['Operation not permitted', 'Use become: true; an immutable file (lsattr) also says this'],
  ['Input/output error', 'The disk of that host needs a look'],
  ['Text file busy', undefined],
  ['File too large', undefined],
  ['Too many levels of symbolic links', undefined],
  ['Device or resource busy', 'It is a mount point'],
  ['Not a directory', undefined],
  ['File name too long', undefined],
]

/** The reason of a failed script: the system's own words, or the last line of its stderr. */
export function reasonOf(output: Output): { readonly text: string; readonly hint: string | undefined } {
  const stderr = output.stderr.toString().trim()
  const known = reasons.find(([text]) => stderr.includes(text))
  if (known !== undefined) return { text: known[0], hint: known[1] }
  // In the words of coreutils and of busybox.
  const account = /(?:invalid|unknown) (user\/group|user|group):? [‘'"]?([^’'"\n]*)/.exec(stderr)
  if (account !== null) {
    const [, kind = '', name = ''] = account
    return { text: `No ${kind.replace('/', ' or ')} "${name}" on the host`, hint: undefined }
  }
  const last = stderr.split('\n').at(-1) ?? ''
  return { text: last === '' ? `Exit code ${output.code}` : last, hint: undefined }
}

/** "No space left on device while writing "/etc/x": the old file is unchanged". */
export function fileError(output: Output, doing: string, after: string): TaskError {
  const { text, hint } = reasonOf(output)
  return new TaskError(`${text} while ${doing}: ${after}`, { hint })
}
