import type { IncomingHttpHeaders } from 'node:http'
import { isIP } from 'node:net'
import type { Duplex } from 'node:stream'
import { checkServerIdentity, connect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { ConnectionError } from '../connection/connection.ts'
import { asError, TaskError, type ErrorDetails } from '../errors.ts'
import { Secret } from '../secrets/secret.ts'
import type { Reader } from './question.ts'

export interface HttpRequestWords {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string | Secret>>
  readonly body?: Buffer | Secret | undefined
  /** PEM of the CAs to trust, and of no others; undefined: the controller's own. */
  readonly ca?: string | undefined
  /** full: chain and name; certificate: the chain only; none: nothing is verified. */
  readonly verify: 'full' | 'certificate' | 'none'
  readonly timeoutMs: number
}

export interface HttpAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** Where a request failed: no connection, TLS not agreed or not verified, no HTTP behind it, no answer in time. */
export type HttpStage = 'connect' | 'tls' | 'protocol' | 'timeout'

export class HttpError extends TaskError {
  readonly stage: HttpStage
  /** Node's or OpenSSL's code: ECONNREFUSED, CERT_HAS_EXPIRED, ERR_TLS_CERT_ALTNAME_INVALID… */
  readonly code: string | undefined

  constructor(stage: HttpStage, message: string, details: ErrorDetails = {}) {
    super(message, details)
    this.stage = stage
    this.code = (details.cause as NodeJS.ErrnoException | undefined)?.code
  }
}

const largestBody = 64 * 1024 * 1024

/**
 * One HTTP request made from the host itself, on a connection of its own; TLS ends on the controller, which verifies
 * what the host's clients would see. Any status is an answer. Redirects are not followed. Throws an HttpError.
 */
export async function httpRequest(reader: Reader, words: HttpRequestWords): Promise<HttpAnswer> {
  const url = new URL(words.url)
  const timeout = AbortSignal.timeout(words.timeoutMs)
  const opened: Duplex[] = []
  try {
    const stream = await openStream(reader, words, { url, timeout, opened })
    return await exchange(stream, words, { url, timeout })
  } catch (thrown) {
    if (!timeout.aborted) throw thrown
    throw new HttpError('timeout', `No answer from ${place(url)} within ${words.timeoutMs / 1000} s`, { cause: thrown })
  } finally {
    for (const stream of opened) stream.destroy()
  }
}

/** Opens TCP and, for https, TLS to an address as seen from the host. Throws an HttpError. */
export async function openTls(
  reader: Reader,
  words: Pick<HttpRequestWords, 'url' | 'ca' | 'verify' | 'timeoutMs'>,
): Promise<TLSSocket> {
  const url = new URL(words.url)
  const timeout = AbortSignal.timeout(words.timeoutMs)
  const opened: Duplex[] = []
  try {
    const raw = await openTcp(reader, { url, timeout, opened })
    return await startTls(raw, words, { url, timeout, opened })
  } catch (thrown) {
    for (const stream of opened) stream.destroy()
    if (!timeout.aborted) throw thrown
    throw new HttpError('timeout', `No answer from ${place(url)} within ${words.timeoutMs / 1000} s`, { cause: thrown })
  }
}

interface Attempt {
  readonly url: URL
  readonly timeout: AbortSignal
  /** Everything to be closed at the end. */
  readonly opened: Duplex[]
}

async function openStream(reader: Reader, words: HttpRequestWords, attempt: Attempt): Promise<Duplex> {
  const raw = await openTcp(reader, attempt)
  return attempt.url.protocol === 'https:' ? startTls(raw, words, attempt) : raw
}

async function openTcp(reader: Reader, { url, timeout, opened }: Attempt): Promise<Duplex> {
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80))
  const opening = reader.open({ host: hostOf(url), port })
  try {
    const stream = await orAborted(opening, timeout)
    opened.push(stream)
    // An error without a listener would end the process; whoever uses the stream hears it too.
    stream.on('error', () => undefined)
    return stream
  } catch (thrown) {
    // A connection that comes after the time is up has no user.
    opening.then(
      (late) => late.destroy(),
      () => undefined,
    )
    // The host itself is not there: nothing that it runs is to be waited for.
    if (thrown instanceof ConnectionError) throw thrown
    const message = `Cannot connect to ${place(url)} from "${reader.host}": ${asError(thrown).message}`
    throw new HttpError('connect', message, { cause: thrown })
  }
}

async function startTls(
  raw: Duplex,
  words: Pick<HttpRequestWords, 'ca' | 'verify'>,
  { url, timeout, opened }: Attempt,
): Promise<TLSSocket> {
  const host = hostOf(url)
  const options: ConnectionOptions = {
    socket: raw,
    host,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(words.ca === undefined ? {} : { ca: words.ca }),
    rejectUnauthorized: words.verify !== 'none',
    checkServerIdentity:
      words.verify === 'full' ? (_, certificate) => checkServerIdentity(host, certificate) : () => undefined,
  }
  const socket = connect(options)
  opened.push(socket)
  try {
    await orAborted(
      new Promise<void>((resolve, reject) => {
        socket.once('secureConnect', resolve)
        socket.once('error', reject)
        socket.once('close', () => reject(new Error('the connection was closed during the TLS handshake')))
      }),
      timeout,
    )
  } catch (thrown) {
    const message = `No verified TLS connection to ${place(url)}: ${tlsReason(asError(thrown))}`
    throw new HttpError('tls', message, { cause: thrown })
  }
  socket.on('error', () => undefined)
  return socket
}

async function exchange(
  stream: Duplex,
  words: HttpRequestWords,
  { url, timeout }: Omit<Attempt, 'opened'>,
): Promise<HttpAnswer> {
  // Loaded when needed: with it Node 24 loads the whole of undici, a fifth of a start.
  const { request } = await import('node:http')
  const body = words.body instanceof Secret ? words.body.revealBytes() : words.body
  return new Promise((resolve, reject) => {
    const fail = (thrown: unknown) => {
      const message = `No HTTP answer from ${place(url)}: ${asError(thrown).message}`
      reject(new HttpError('protocol', message, { cause: thrown }))
    }
    const outgoing = request({
      createConnection: () => stream,
      method: words.method,
      path: `${url.pathname}${url.search}`,
      headers: headersOf(words, url, body),
      signal: timeout,
    })
    outgoing.once('error', fail)
    outgoing.once('response', (incoming) => {
      const parts: Buffer[] = []
      let size = 0
      incoming.on('data', (part: Buffer) => {
        size += part.length
        if (size > largestBody) incoming.destroy(new Error('the answer is longer than 64 MiB'))
        else parts.push(part)
      })
      incoming.once('error', fail)
      incoming.once('end', () =>
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(parts) }),
      )
    })
    outgoing.end(body)
  })
}

function headersOf(words: HttpRequestWords, url: URL, body: Buffer | undefined): Record<string, string> {
  const given = Object.entries(words.headers).map(
    ([name, value]) => [name.toLowerCase(), value instanceof Secret ? value.reveal() : value] as const,
  )
  return {
    host: url.host,
    connection: 'close',
    ...(body === undefined ? {} : { 'content-length': String(body.length) }),
    ...Object.fromEntries(given),
  }
}

function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason as Error)
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}

/** Without the brackets of an IPv6 address. */
function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '')
}

/** Scheme, host and port: paths and queries may carry what is not to be printed. */
function place(url: URL): string {
  return `${url.protocol}//${url.host}`
}

/** OpenSSL's own text begins with an address and its source file; its reason alone is what a person can use. */
export function tlsReason(error: Error): string {
  const { code, reason } = error as Error & { readonly code?: unknown; readonly reason?: unknown }
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER') return 'it speaks no TLS'
  return typeof reason === 'string' && error.message.includes(':error:') ? reason : error.message
}
