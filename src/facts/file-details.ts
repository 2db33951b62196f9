import { createHash } from 'node:crypto'
import { quote } from '../connection/quote.ts'
import { TaskError } from '../errors.ts'
import type { Forecast } from './forecast.ts'
import { isOfTheKernel } from './lasting-file.ts'
import type { Lasting, Question } from './question.ts'

/** All that `stat` knows of a path. What only the real file has is undefined in a forecast. */
export type FileDetails = { readonly kind: 'absent' } | FoundDetails

interface FoundDetails {
  readonly kind: 'file' | 'directory' | 'link' | 'socket' | 'fifo' | 'character device' | 'block device'
  readonly owner: string
  readonly group: string
  readonly uid?: number
  readonly gid?: number
  readonly mode: number
  readonly size?: number
  readonly inode?: number
  readonly links?: number
  readonly atime?: number
  readonly mtime: number
  readonly ctime?: number
  readonly readable?: boolean
  readonly writable?: boolean
  readonly executable?: boolean
  /** Of a link: as written, and resolved. */
  readonly target?: string | undefined
  readonly source?: string | undefined
  readonly checksum?: string | undefined
}

export interface DetailsOptions {
  readonly follow: boolean
  readonly checksum: 'md5' | 'sha1' | 'sha224' | 'sha256' | 'sha384' | 'sha512' | undefined
}

const kinds: Readonly<Record<string, FoundDetails['kind']>> = {
  'regular file': 'file',
  'regular empty file': 'file',
  directory: 'directory',
  'symbolic link': 'link',
  socket: 'socket',
  fifo: 'fifo',
  'character special file': 'character device',
  'block special file': 'block device',
}

export function fileDetails(path: string, options: DetailsOptions): Question<FileDetails> {
  const follow = options.follow ? '-L ' : ''
  const checksum = options.checksum === undefined ? '' : `${options.checksum}sum < "$p" 2>/dev/null | cut -d ' ' -f 1`
  return {
    subjects: [`file:${path}`],
    script: [
      `p=${quote(path)}`,
      // busybox has not all of them, and no checksum would look like a file that may not be read.
      options.checksum === undefined ? ':' : `command -v ${options.checksum}sum >/dev/null || exit 15`,
      `s=$(stat ${follow}-c '%F|%U|%G|%u|%g|%a|%s|%i|%h|%X|%Y|%Z' -- "$p" 2>/dev/null) || {`,
      `  stat ${follow}-- "$p" 2>&1 | grep -q 'Permission denied' && exit 13; echo absent; exit 0; }`,
      `printf '%s\\n' "$s"`,
      `a=; [ -r "$p" ] && a=r; [ -w "$p" ] && a="\${a}w"; [ -x "$p" ] && a="\${a}x"; printf '%s\\n' "$a"`,
      `c=; case $s in regular*) c=$(${checksum === '' ? ':' : checksum});; esac; printf '%s\\n' "$c"`,
      `case $s in symbolic*) readlink -f -- "$p" || echo; readlink -- "$p";; esac`,
      'exit 0',
    ].join('\n'),
    parse: (output) => {
      if (output.code === 13) {
        throw new TaskError(`Cannot look at "${path}": permission denied`, { hint: 'Use become: true' })
      }
      if (output.code === 15) {
        throw new TaskError(`There is no "${options.checksum ?? ''}sum" on this host`, { hint: 'Use sha256' })
      }
      return parseDetails(output.stdout.toString())
    },
    foresee: (forecast) => foreseen(forecast, path, options),
    lasting: (details) => lastingDetails(path, options, details),
  }
}

function parseDetails(text: string): FileDetails {
  const [line = '', access = '', checksum = '', source, ...target] = text.split('\n')
  if (line === 'absent') return { kind: 'absent' }
  const [word = '', owner = '', group = '', uid, gid, mode = '', size, inode, links, atime, mtime, ctime] =
    line.split('|')
  return {
    kind: kinds[word] ?? 'file',
    owner,
    group,
    uid: Number(uid),
    gid: Number(gid),
    mode: parseInt(mode, 8),
    size: Number(size),
    inode: Number(inode),
    links: Number(links),
    atime: Number(atime),
    mtime: Number(mtime),
    ctime: Number(ctime),
    readable: access.includes('r'),
    writable: access.includes('w'),
    executable: access.includes('x'),
    ...(word === 'symbolic link' ? { source, target: target.join('\n').replace(/\n$/, '') } : {}),
    ...(checksum === '' ? {} : { checksum }),
  }
}

/** Not its checksum: whoever only asks for details may ask about a file that grows. */
function lastingDetails(path: string, { follow }: DetailsOptions, details: FileDetails): Lasting | undefined {
  if (isOfTheKernel(path)) return undefined
  const of = follow ? `stat:${path}` : `lstat:${path}`
  if (details.kind === 'absent') return { of, words: 'absent' }
  const { kind, owner, group, mode } = details
  return { of, words: `a ${kind}, ${owner}:${group} ${mode.toString(8).padStart(4, '0')}` }
}

function foreseen(forecast: Forecast, path: string, { checksum }: DetailsOptions): FileDetails | undefined {
  const state = forecast.file(path)
  if (state === undefined || state.kind === 'other' || state.kind === 'absent') {
    return state?.kind === 'absent' ? { kind: 'absent' } : undefined
  }
  const { kind, owner, group, mode, mtime } = state
  const common = { kind, owner, group, mode, mtime }
  if (state.kind === 'link') return { ...common, target: state.target }
  if (state.kind !== 'file') return common
  const digest =
    checksum === undefined || state.content === undefined
      ? undefined
      : createHash(checksum).update(state.content).digest('hex')
  return { ...common, size: state.size, ...(digest === undefined ? {} : { checksum: digest }) }
}
