import { spawn } from 'node:child_process'
import { connect, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import type { Client } from 'ssh2'
import { ConnectionError } from './connection.ts'
import type { SshOptions } from './ssh-options.ts'

export interface Destination {
  readonly host: string
  readonly options: SshOptions
  readonly timeoutSeconds: number
}

export function placeOf({ options }: Destination): string {
  return `${options.hostName} port ${String(options.port)}`
}

/** A TCP connection to the host's sshd. Rejects with stage resolve or connect. */
export function dial(destination: Destination): Promise<Duplex> {
  const { host, options, timeoutSeconds } = destination
  return new Promise((resolve, reject) => {
    // ssh2 leaves Nagle's algorithm on, which costs 40 ms a request with the peer's delayed acknowledgements.
    const socket = connect({ host: options.hostName, port: options.port, noDelay: true })
    // Nobody reads on after our last word. To wait for the host's would cost a round trip.
    socket.once('finish', () => socket.destroy())
    const timer = setTimeout(() => {
      socket.destroy()
      const seconds = String(timeoutSeconds)
      reject(
        new ConnectionError('connect', `"${host}" (${placeOf(destination)}) did not answer within ${seconds} s`, {
          hint: 'Check that the host is up, and that no firewall is between',
        }),
      )
    }, timeoutSeconds * 1000)
    socket.once('connect', () => {
      clearTimeout(timer)
      joinWrites(socket)
      resolve(socket)
    })
    socket.once('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer)
      reject(dialError(destination, error))
    })
  })
}

/** What is written in one go is sent as one piece: ssh2 writes each packet in three, and we send many requests at once. */
function joinWrites(socket: Socket): void {
  const write = socket.write.bind(socket) as (...words: readonly unknown[]) => boolean
  socket.write = (...words: readonly unknown[]) => {
    if (socket.writableCorked === 0) {
      socket.cork()
      process.nextTick(() => socket.uncork())
    }
    return write(...words)
  }
}

function dialError(destination: Destination, error: NodeJS.ErrnoException): ConnectionError {
  const isName = error.code === 'ENOTFOUND' || error.code === 'EAI_AGAIN'
  const reason = reasons[error.code ?? ''] ?? error.message
  return new ConnectionError(
    isName ? 'resolve' : 'connect',
    `Cannot connect to "${destination.host}" (${placeOf(destination)}): ${reason}`,
    {
      hint: isName ? 'Check ansible_host in the inventory' : 'Check that the host is up and sshd listens there',
      cause: error,
    },
  )
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to the network',
  ENOTFOUND: 'the name is not known',
  EAI_AGAIN: 'the name cannot be looked up now',
  ETIMEDOUT: 'no answer',
}

/** The same, through the last jump host. */
export function dialThrough(jump: Client, jumpName: string, destination: Destination): Promise<Duplex> {
  const { host, options } = destination
  return new Promise((resolve, reject) => {
    jump.forwardOut('127.0.0.1', 0, options.hostName, options.port, (error, channel) => {
      if (error === undefined) resolve(channel)
      else {
        const message = `Cannot connect to "${host}" (${placeOf(destination)}) through "${jumpName}": ${openFailure(error)}`
        reject(
          new ConnectionError('connect', message, { hint: 'Check the address as the jump host sees it', cause: error }),
        )
      }
    })
  })
}

/** ssh2 gives the far side's reason as a code (RFC 4254, section 5.1). */
export function openFailure(error: Error): string {
  const { reason } = error as { readonly reason?: unknown }
  if (reason === 1 || reason === 'ADMINISTRATIVELY_PROHIBITED') {
    return 'sshd forbids it (AllowTcpForwarding, PermitOpen)'
  }
  if (reason === 2 || reason === 'CONNECT_FAILED') {
    const said = error.message.replace(/^\(SSH\) Channel open failure: */, '').trim()
    return said === '' ? 'connection refused' : said.replace(/^Connection/, 'connection')
  }
  return error.message
}

/** A command whose standard input and output are the connection: ProxyCommand. */
export function runProxyCommand(command: string, { host }: Destination): Promise<Duplex> {
  const child = spawn('/bin/sh', ['-c', `exec ${command}`], { stdio: ['pipe', 'pipe', 'pipe'] })
  const stream = new Duplex({
    read: () => child.stdout.resume(),
    // A broken pipe is no reason yet: the command's end, which says why, comes behind it.
    write: (chunk, _encoding, done) => child.stdin.write(chunk, () => done()),
    final: (done) => child.stdin.end(() => done()),
    destroy: (error, done) => {
      child.kill()
      done(error)
    },
  })
  let said = ''
  child.stdin.on('error', () => undefined)
  child.stdout.on('data', (chunk: Buffer) => {
    if (!stream.push(chunk)) child.stdout.pause()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-500)
  })
  // Not when its output ends: what it says of the reason comes with its end.
  child.once('close', (code) => {
    const words = said.trim().split('\n').at(-1) ?? ''
    const reason = words === '' ? `it ended with status ${String(code)}` : words
    stream.destroy(new ConnectionError('connect', `The ProxyCommand of "${host}" failed: ${reason}`))
  })
  return Promise.resolve(stream)
}
