import { randomBytes } from 'node:crypto'
import type { Readable, Writable } from 'node:stream'
import { Secret } from '../secrets/secret.ts'
import { ConnectionError, type Output, type Shell, type ShellRequest } from './connection.ts'

export interface RunnerStreams {
  readonly stdin: Writable
  readonly stdout: Readable
  readonly stderr: Readable
}

const defaultTimeoutMs = 300_000

/** The loop as sh text; `mark` frames every answer. */
export function runnerScript(mark: string): string {
  return [
    `export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin; unset ENV BASH_ENV CDPATH; umask 077; cd /`,
    `printf '\\n${mark} ready %s\\n' "$$"`,
    `while IFS=' ' read -r i n m; do`,
    `s=$(head -c "$n"; echo .); s=\${s%.}`,
    `printf '${mark} b %s\\n' "$i"`,
    `if [ "$m" -gt 0 ]; then head -c "$m" | { ( eval "$s" ); r=$?; cat >/dev/null; exit $r; }; r=$?`,
    `else ( eval "$s" ) </dev/null; r=$?; fi`,
    `printf '${mark} e %s %s\\n' "$i" "$r"; printf '${mark} e %s\\n' "$i" >&2`,
    `done`,
  ].join('\n')
}

interface Pending {
  readonly id: number
  readonly resolve: (output: Output) => void
  readonly reject: (error: Error) => void
  timer: NodeJS.Timeout
  stdout: Buffer | undefined
  stderr: Buffer | undefined
  code: number
}

/** Speaks to the loop over three streams. Resolves when the loop has said that it is ready. */
export function openRunner(host: string, streams: RunnerStreams, mark: string): Promise<Shell> {
  return new Promise((resolve, reject) => {
    const pending: Pending[] = []
    let counter = 0
    let lost: Error | undefined
    const fail = (error: Error) => {
      lost = error
      for (const one of pending.splice(0)) one.reject(error)
      reject(error)
    }
    const settle = () => {
      while (pending[0]?.stdout !== undefined && pending[0].stderr !== undefined) {
        const one = pending.shift()
        if (one === undefined) return
        clearTimeout(one.timer)
        one.resolve({ code: one.code, stdout: one.stdout ?? Buffer.alloc(0), stderr: one.stderr ?? Buffer.alloc(0) })
      }
    }
    const shell: Shell = {
      run: ({ script, stdin, timeoutMs = defaultTimeoutMs }: ShellRequest) =>
        new Promise((done, refuse) => {
          if (lost !== undefined) {
            refuse(lost)
            return
          }
          const id = ++counter
          const input = stdin instanceof Secret ? stdin.revealBytes() : (stdin ?? Buffer.alloc(0))
          const text = Buffer.from(script)
          const timer = setTimeout(
            () => fail(new ConnectionError('timeout', `No answer from "${host}" within ${String(timeoutMs / 1000)} s`)),
            timeoutMs,
          )
          timer.unref()
          pending.push({ id, resolve: done, reject: refuse, timer, stdout: undefined, stderr: undefined, code: 0 })
          streams.stdin.write(
            Buffer.concat([Buffer.from(`${String(id)} ${String(text.length)} ${String(input.length)}\n`), text, input]),
          )
        }),
    }
    const out = frames(mark, (line, body) => {
      const [, , kind, id, code] = /^(\S+) (\w+) (\d+) ?(\d*)$/.exec(line) ? line.split(' ').toSpliced(0, 0, '') : []
      if (kind === 'ready') resolve(shell)
      if (kind !== 'e') return
      const one = pending.find((candidate) => candidate.id === Number(id))
      if (one === undefined) return
      one.stdout = body
      one.code = Number(code)
      settle()
    })
    const err = frames(mark, (line, body) => {
      const id = Number(line.split(' ')[2])
      const one = pending.find((candidate) => candidate.id === id)
      if (one === undefined) return
      one.stderr = body
      settle()
    })
    streams.stdout.on('data', out)
    streams.stderr.on('data', err)
    const gone = () => fail(new ConnectionError('lost', `The connection to "${host}" was lost`))
    streams.stdout.on('close', gone)
    streams.stdin.on('error', gone)
  })
}

/** Cuts a stream at lines that start with the mark; the body is what came since the line before. */
function frames(mark: string, take: (line: string, body: Buffer) => void): (chunk: Buffer) => void {
  let parts: Buffer[] = []
  let tail = Buffer.alloc(0)
  const needle = Buffer.from(`${mark} `)
  return (chunk) => {
    let data = Buffer.concat([tail, chunk])
    for (;;) {
      const at = data.indexOf(needle)
      const end = at < 0 ? -1 : data.indexOf(10, at)
      if (at < 0 || end < 0) {
        const keep = at < 0 ? Math.min(data.length, needle.length - 1) : data.length - at
        parts.push(data.subarray(0, data.length - keep))
        tail = data.subarray(data.length - keep)
        return
      }
      parts.push(data.subarray(0, at))
      const body = Buffer.concat(parts)
      parts = []
      take(data.subarray(at, end).toString(), body)
      data = data.subarray(end + 1)
    }
  }
}

export function newMark(): string {
  return `elkseal-${randomBytes(12).toString('hex')}`
}
