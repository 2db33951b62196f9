import { connect } from 'node:net'
import { pipeline, Transform } from 'node:stream'
import type { Connection, ServerChannel, Session } from 'ssh2'
import type { HostProcesses } from './host-processes.ts'
import type { SshHostFaults, SshHostOptions } from './ssh-host-options.ts'

export interface SessionParts {
  readonly options: SshHostOptions
  readonly user: string
  readonly faults: SshHostFaults
  readonly processes: HostProcesses
  readonly log: string[]
  /** Ends the connection once what was written has gone out. */
  readonly cut: () => void
}

/** What one client that has logged in may do: run commands and open tunnels. */
export class SshHostSession {
  readonly #parts: SessionParts

  constructor(client: Connection, parts: SessionParts) {
    this.#parts = parts
    client.on('session', (accept) => this.#session(accept()))
    client.on('tcpip', (accept, reject, { destIP, destPort }) => {
      this.#parts.log.push(`tunnel ${destIP}:${String(destPort)}`)
      const { host, port } = parts.options.reach?.(destIP, destPort) ?? { host: destIP, port: destPort }
      const socket = connect({ host, port, noDelay: true })
      socket.once('error', () => reject())
      socket.once('connect', () => {
        const channel = accept()
        pipeline(channel, socket, () => undefined)
        pipeline(socket, channel, () => undefined)
      })
    })
  }

  #session(session: Session): void {
    session.on('exec', (accept, _reject, { command }) => {
      this.#parts.log.push(`exec ${command}`)
      if (this.#parts.faults.hangCommands !== true) this.#run(session, accept(), command)
    })
  }

  #run(session: Session, channel: ServerChannel, command: string): void {
    const { faults, processes, user, cut } = this.#parts
    const child = processes.start(command, user)
    session.on('signal', (_accept, _reject, { name }) => {
      if (child.pid !== undefined) process.kill(-child.pid, `SIG${name}`)
    })
    let left = faults.cutAfterBytes ?? Infinity
    child.stdout.on('data', (chunk: Buffer) => {
      if (left <= 0) return
      if (!channel.write(chunk.subarray(0, left))) child.stdout.pause()
      left -= chunk.length
      if (left <= 0) cut()
    })
    channel.on('drain', () => child.stdout.resume())
    child.stdin.on('error', () => undefined)
    channel.on('error', () => undefined)
    channel.stdin.on('error', () => undefined)
    if (faults.cutAtInput === undefined) channel.pipe(child.stdin)
    else channel.pipe(upTo(faults.cutAtInput, cut)).pipe(child.stdin)
    child.stderr.pipe(channel.stderr, { end: false })
    // As with sshd: a client that is gone leaves a command whose input has ended, not a killed one.
    channel.on('close', () => child.stdin.end())
    child.on('close', (code, signal) => {
      if (signal === null) channel.exit(code ?? 0)
      else channel.exit(signal.replace('SIG', ''))
      channel.end()
    })
  }
}

/** Passes on what comes up to the end of these bytes, then calls `cut`. */
function upTo(bytes: Buffer, cut: () => void): Transform {
  let seen = Buffer.alloc(0)
  let isCut = false
  return new Transform({
    transform: (chunk: Buffer, _, done) => {
      if (isCut) {
        done()
        return
      }
      const before = seen.length
      seen = Buffer.concat([seen, chunk])
      const found = seen.indexOf(bytes)
      if (found < 0) {
        seen = seen.subarray(-bytes.length)
        done(null, chunk)
        return
      }
      isCut = true
      done(null, chunk.subarray(0, found + bytes.length - before))
      cut()
    },
  })
}
