import { randomBytes } from 'node:crypto'
import { notReached, type Link, type ShellRequest } from './connection.ts'

/** What sh is started with: any login shell (csh and fish too) reads this the same way. */
export const shellCommand = 'exec /bin/sh'

const settings =
  'LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin; export LC_ALL PATH; ' +
  'unset ENV BASH_ENV CDPATH; umask 077; cd /'

/** First words to sh. Whatever rc files printed ends at the mark. */
export function startText(mark: string): string {
  return `${settings}; printf '\\n%s\\n' '${mark} ready' >&2; printf '\\n%s\\n' "${mark} ready $$ $(command -v printf)"\n`
}

/** How sh gets the standard input of a request. */
export type Source =
  | { readonly kind: 'none' }
  /** As an argument of sh's own printf: in no argument list of a process, and read with the request. */
  | { readonly kind: 'written'; readonly input: Buffer }
  /** As bytes behind the request. sh may read ahead, so they must be sent only when it says "go". */
  | { readonly kind: 'streamed'; readonly length: number }

/**
 * A request as commands for sh, which reads them itself: nothing is forked but the request's own subshell. In `eval`,
 * because a syntax error would otherwise end sh.
 */
export function requestText(mark: string, id: number, request: ShellRequest, source: Source): string {
  const script = singleQuoted(request.script)
  const { link } = request
  const body = ifReached(link) + (request.leavesProcesses === true ? spooled(script) : `eval ${script}`)
  const end = `r=$?; ${succeeded(link)}printf '${mark} e ${String(id)} %s\n' "$r"; printf '${mark} e ${String(id)}\n' >&2
`
  switch (source.kind) {
    case 'none':
      return `( ${body} ) </dev/null; ${end}`
    case 'written':
      return `printf %b '${escaped(source.input)}' 2>/dev/null | ( ${body} ); ${end}`
    case 'streamed':
      // What the script leaves unread must not be read by sh as commands.
      return (
        `printf '${mark} go ${String(id)}\n'; head -c ${String(source.length)} | ` +
        `{ ( ${body} ); r=$?; cat >/dev/null; exit $r; }; ${end}`
      )
  }
}

/** sh itself remembers the last link that succeeded, outside of the subshells that requests run in. */
function ifReached(link: Link | undefined): string {
  if (link === undefined || link.number === 1) return ''
  return `[ "$elkseal_link" = ${linkName(link.chain, link.number - 1)} ] || exit ${String(notReached)}; `
}

function succeeded(link: Link | undefined): string {
  return link === undefined ? '' : `[ $r -ne 0 ] || elkseal_link=${linkName(link.chain, link.number)}; `
}

function linkName(chain: string, number: number): string {
  return `${chain}.${String(number)}`
}

/**
 * Output through files that have no name any more: a process that the script leaves behind goes on writing there and
 * not into the answers of later requests. What mktemp does, without a process: a name nobody can know, and (-C) a failure
 * if it is there all the same. An empty file is not read, where /proc can tell.
 */
function spooled(script: string): string {
  const file = `/tmp/.elkseal-${randomBytes(12).toString('hex')}`
  const said = (fd: number, to: string) =>
    `{ [ -e /proc/self/fd/${String(fd)} ] && [ ! -s /proc/self/fd/${String(fd)} ] || cat <&${String(fd)}${to}; }`
  return (
    `set -C; exec 3>${file}.o 5>${file}.e; set +C; exec 4<${file}.o 6<${file}.e; rm -f ${file}.o ${file}.e; ` +
    `( exec >&3 2>&5 3>&- 4<&- 5>&- 6<&-; eval ${script} ); r=$?; ${said(4, '')}; ${said(6, ' >&2')}; exit $r`
  )
}

/** Byte by byte into one buffer: a string put together in this way takes ten times its length. */
function escaped(input: Buffer): string {
  const text = Buffer.allocUnsafe(input.length * longestByteText)
  let length = 0
  for (const byte of input) {
    for (const character of byteTexts[byte] ?? []) {
      text[length] = character
      length += 1
    }
  }
  return text.toString('latin1', 0, length)
}

function singleQuoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

/** Printable characters as they are; the rest as the octal escapes of printf's %b. */
const byteTexts: readonly Uint8Array[] = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte)
  const isPlain = /[\w +,./:;<=>?@[\]^`{|}~#$%&()*!"-]/.test(character)
  return Buffer.from(isPlain ? character : `\\0${byte.toString(8).padStart(3, '0')}`, 'latin1')
})

const longestByteText = 5
