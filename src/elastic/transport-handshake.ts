import { X509Certificate, type KeyObject } from 'node:crypto'
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { connect, type TLSSocket } from 'node:tls'
import { asError } from '../errors.ts'
import { tlsReason } from '../facts/http.ts'
import type { Reader } from '../facts/question.ts'

/** What a fresh handshake with a node's transport shows, as another node would see it. */
export interface TransportHandshake {
  /** Undefined when there was no handshake at all. */
  readonly certificate: X509Certificate | undefined
  /** Why the node's certificate does not verify; undefined when it does. */
  readonly rejected: string | undefined
  /** Why the node did not take our certificate, or does not answer; undefined when it does. */
  readonly refused: string | undefined
}

interface TransportTarget {
  readonly host: string
  readonly port: number
  /** PEM of the CAs to verify the node with. */
  readonly ca: string
  /** What is shown to the node. */
  readonly identity: { readonly key: KeyObject; readonly certificate: X509Certificate } | undefined
  readonly timeoutMs?: number | undefined
}

/**
 * Shakes hands once, from the host itself, on a new connection. With TLS 1.3 a client cannot see whether its certificate
 * was taken until something comes back: so the node is pinged, which it answers on its transport without any login.
 * Never throws for what a node can answer.
 */
export async function transportHandshake(reader: Reader, target: TransportTarget): Promise<TransportHandshake> {
  const timeout = AbortSignal.timeout(target.timeoutMs ?? 10_000)
  let raw: Duplex
  try {
    raw = await orAborted(reader.open({ host: target.host, port: target.port }), timeout)
  } catch (thrown) {
    const reason = `cannot connect to ${target.host}:${target.port}: ${asError(thrown).message}`
    return { certificate: undefined, rejected: reason, refused: reason }
  }
  raw.on('error', () => undefined)
  const socket = connect({
    socket: raw,
    ca: target.ca,
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
    ...(target.identity === undefined ? {} : identityOptions(target.identity)),
  })
  try {
    return await shaken(socket, timeout)
  } finally {
    socket.destroy()
    raw.destroy()
  }
}

async function shaken(socket: TLSSocket, timeout: AbortSignal): Promise<TransportHandshake> {
  // Errors and ends come at any time, also between two of our awaits.
  const ended = new Promise<string>((resolve) => {
    socket.once('error', (error: Error) => resolve(tlsReason(error)))
    socket.once('close', () => resolve('the connection was closed'))
    timeout.addEventListener('abort', () => resolve('no answer in time'), { once: true })
  })
  const first = await Promise.race([once(socket, 'secureConnect').then(() => undefined), ended])
  if (first !== undefined) return { certificate: undefined, rejected: first, refused: first }
  const seen = socket.getPeerCertificate(false).raw
  const certificate = seen === undefined ? undefined : new X509Certificate(seen)
  const rejected = socket.authorized ? undefined : String(socket.authorizationError ?? 'the chain does not verify')
  const pong = once(socket, 'data').then(() => undefined)
  socket.write(ping)
  return { certificate, rejected, refused: await Promise.race([pong, ended]) }
}

/** `ES` and the length -1: TcpTransport's ping, which a node sends back on every connection that it accepted. */
const ping = Buffer.from('4553ffffffff', 'hex')

function identityOptions({ key, certificate }: NonNullable<TransportTarget['identity']>) {
  return { key: key.export({ type: 'pkcs8', format: 'pem' }), cert: certificate.toString() }
}

function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('no answer in time')), { once: true })
  })
  return Promise.race([promise, aborted])
}
