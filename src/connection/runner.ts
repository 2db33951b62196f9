import { randomBytes } from 'node:crypto'
import type { Readable, Writable } from 'node:stream'
import { TaskError } from '../errors.ts'
import { Secret } from '../secrets/secret.ts'
import { AnswerReader } from './answer-reader.ts'
import { ConnectionError, type Output, type Shell, type ShellRequest } from './connection.ts'
import { requestText, startText, type Source } from './runner-text.ts'

export interface RunnerStreams {
  readonly stdin: Writable
  readonly stdout: Readable
  readonly stderr: Readable
}

export interface RunnerOptions {
  readonly host: string
  /** Until sh must have said that it is there. */
  readonly startTimeoutMs: number
  /** Rejects when no sh will come; whoever gave it then ends the runner with the reason. */
  readonly entered?: Promise<void> | undefined
  /** Told when a request takes too long: everything outstanding is rejected and this runner takes no more. */
  readonly onTimeout?: (() => void) | undefined
}

const defaultTimeoutMs = 300_000

/** Beyond this, input is sent as bytes after sh has asked for it: a round trip more, but not up to five bytes for one. */
const largestWrittenInput = 8_192

/** The head of busybox reads whole blocks, and would swallow the next request: what it reads too much of is these. */
const padding = Buffer.alloc(4_096, '\n')

interface Pending {
  readonly id: number
  readonly request: ShellRequest
  readonly input: Buffer
  readonly resolve: (output: Output) => void
  readonly reject: (error: Error) => void
  timer?: NodeJS.Timeout
  stdout?: Buffer
  stderr?: Buffer
  code: number
}

/**
 * One `sh` that reads our requests as its own standard input, over any three streams. Requests may be given at once:
 * they are sent while the shell still starts. Rejections are ConnectionErrors of stage shell, lost or timeout.
 */
export class Runner implements Shell {
  readonly #streams: RunnerStreams
  readonly #options: RunnerOptions
  readonly #mark: string
  /** Sent, in order; only the first is running, and only its time counts. */
  readonly #sent: Pending[] = []
  readonly #waiting: Pending[] = []
  readonly #startTimer: NodeJS.Timeout
  #counter = 0
  #ready: { readonly pid: number; readonly hasPrintf: boolean } | undefined
  #streaming: Pending | undefined
  #ended: ConnectionError | undefined
  #noise = ''

  constructor(streams: RunnerStreams, options: RunnerOptions, mark: string = newMark()) {
    this.#streams = streams
    this.#options = options
    this.#mark = mark
    const out = new AnswerReader(mark, (words, body) => this.#onStdout(words, body))
    const err = new AnswerReader(mark, (words, body) => this.#onStderr(words, body))
    const ended = () => this.#lose()
    streams.stdout.on('data', (chunk: Buffer) => out.push(chunk))
    streams.stderr.on('data', (chunk: Buffer) => {
      if (this.#ready === undefined) this.#noise = (this.#noise + chunk.toString('latin1')).slice(0, 2_000)
      err.push(chunk)
    })
    for (const stream of [streams.stdout, streams.stderr, streams.stdin]) stream.on('error', ended)
    streams.stdout.on('end', ended).on('close', ended)
    this.#startTimer = setTimeout(() => this.#startTooLong(), options.startTimeoutMs).unref()
    streams.stdin.write(startText(mark))
  }

  /** The process id of the shell on the host, once it has answered. */
  get pid(): number | undefined {
    return this.#ready?.pid
  }

  run(request: ShellRequest): Promise<Output> {
    if (request.script.includes('\0')) return Promise.reject(new TaskError('A script cannot contain a NUL byte'))
    const { stdin } = request
    const input = stdin instanceof Secret ? stdin.revealBytes() : (stdin ?? Buffer.alloc(0))
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) {
        reject(this.#ended)
        return
      }
      this.#waiting.push({ id: ++this.#counter, request, input, resolve, reject, code: 0 })
      this.#send()
    })
  }

  /** Rejects what is outstanding, and ends the input: sh ends when it has done what it is at. */
  end(error?: ConnectionError): void {
    this.#fail(error ?? new ConnectionError('lost', `The shell on "${this.#options.host}" was closed`))
    this.#streams.stdin.end()
  }

  #send(): void {
    while (this.#streaming === undefined) {
      const next = this.#waiting[0]
      if (next === undefined || (next.input.length > 0 && this.#ready === undefined)) return
      this.#waiting.shift()
      this.#sent.push(next)
      this.#streams.stdin.write(requestText(this.#mark, next.id, next.request, this.#source(next)))
      this.#watchTime()
    }
  }

  #source(next: Pending): Source {
    const { input } = next
    if (input.length === 0) return { kind: 'none' }
    if (this.#ready?.hasPrintf === true && input.length <= largestWrittenInput) return { kind: 'written', input }
    this.#streaming = next
    return { kind: 'streamed', length: input.length }
  }

  #onStdout([kind, first, second]: readonly string[], body: Buffer): void {
    if (kind === 'ready') {
      clearTimeout(this.#startTimer)
      this.#ready = { pid: Number(first), hasPrintf: second === 'printf' }
      this.#send()
    } else if (kind === 'go' && this.#streaming?.id === Number(first)) {
      this.#streams.stdin.write(this.#streaming.input)
      this.#streams.stdin.write(padding)
      this.#streaming = undefined
      this.#send()
    } else if (kind === 'e') {
      // Answers of several requests may be here before the first one's standard error is.
      const one = this.#sent.find((candidate) => candidate.id === Number(first))
      if (one === undefined) return
      one.stdout = body
      one.code = Number(second)
      this.#settle()
    }
  }

  #onStderr([kind, id]: readonly string[], body: Buffer): void {
    const one = this.#sent.find((candidate) => candidate.id === Number(id))
    if (kind !== 'e' || one === undefined) return
    one.stderr = body
    this.#settle()
  }

  #settle(): void {
    for (let one = this.#sent[0]; one?.stdout !== undefined && one.stderr !== undefined; one = this.#sent[0]) {
      this.#sent.shift()
      clearTimeout(one.timer)
      one.resolve({ code: one.code, stdout: one.stdout, stderr: one.stderr })
    }
    this.#watchTime()
  }

  #watchTime(): void {
    const first = this.#sent[0]
    if (first === undefined || first.timer !== undefined) return
    const { timeoutMs = defaultTimeoutMs } = first.request
    first.timer = setTimeout(() => {
      const seconds = String(timeoutMs / 1000)
      const { host } = this.#options
      this.#fail(new ConnectionError('timeout', `A command on "${host}" did not end within ${seconds} s`))
      this.#options.onTimeout?.()
    }, timeoutMs).unref()
  }

  #startTooLong(): void {
    const { host, startTimeoutMs } = this.#options
    const seconds = String(startTimeoutMs / 1000)
    this.end(
      new ConnectionError('shell', `The shell on "${host}" did not start within ${seconds} s`, this.#noiseHint()),
    )
  }

  #lose(): void {
    const { host } = this.#options
    if (this.#ready !== undefined) {
      this.#fail(new ConnectionError('lost', `The connection to "${host}" was lost`))
      return
    }
    const noShell = () => this.#fail(new ConnectionError('shell', `"${host}" starts no shell`, this.#noiseHint()))
    whenAllSaid(this.#streams.stderr, () => {
      if (this.#options.entered === undefined) noShell()
      else this.#options.entered.then(noShell, () => undefined)
    })
  }

  #noiseHint(): { readonly hint: string } {
    const said = this.#noise.trim()
    return {
      hint: said === '' ? "Check the account's login shell, and that /bin/sh is there" : `The host says: ${said}`,
    }
  }

  #fail(error: ConnectionError): void {
    if (this.#ended !== undefined) return
    this.#ended = error
    clearTimeout(this.#startTimer)
    for (const one of [...this.#sent.splice(0), ...this.#waiting.splice(0)]) {
      clearTimeout(one.timer)
      one.reject(error)
    }
  }
}

const lastWordsMs = 300

/** The reason for an end comes on standard error, which is a stream of its own and may be behind. */
export function whenAllSaid(stderr: Readable, then: () => void): void {
  if (stderr.readableEnded || stderr.destroyed) {
    then()
    return
  }
  const done = () => {
    clearTimeout(timer)
    stderr.off('end', done).off('close', done)
    then()
  }
  const timer = setTimeout(done, lastWordsMs)
  stderr.on('end', done).on('close', done)
}

/** Stands before everything that sh says of itself; random, so that no output contains it. */
export function newMark(): string {
  return `elkseal-${randomBytes(12).toString('hex')}`
}
