import { setTimeout as sleep } from 'node:timers/promises'
import type { Duplex } from 'node:stream'
import type { Client } from 'ssh2'
import { openShellAs } from './become.ts'
import {
  ConnectionError,
  type Address,
  type Become,
  type Connection,
  type ConnectionSettings,
  type Shell,
} from './connection.ts'
import type { LoginGate } from './login-gate.ts'
import type { RunnerStreams } from './runner.ts'
import { Shells } from './shells.ts'
import { logIn, TooManyLogins } from './ssh-login.ts'
import { sshOptions, type SshDefaults, type SshOptions } from './ssh-options.ts'
import { dial, dialThrough, openFailure, runProxyCommand } from './ssh-route.ts'

export interface SshSurroundings extends SshDefaults {
  readonly warn: (message: string) => void
  readonly gate: LoginGate
}

interface Reached {
  readonly client: Client
  /** The jump hosts on the way. */
  readonly jumps: readonly Client[]
  /** The account logged in as. */
  readonly user: string
}

/** Logs in to a host. Rejects with a ConnectionError that says at which stage it failed and what to do. */
export async function openSshConnection(
  settings: ConnectionSettings,
  around: SshSurroundings,
  onClosed: () => void,
): Promise<Connection> {
  const reached = await reach(settings, around, { before: [], via: [] })
  reached.client.once('close', onClosed)
  return new SshConnection(settings, reached)
}

const attempts = 5

/** `before` are the jump hosts that lead here; a jump host's own ProxyJump counts only if none was given. */
async function reach(
  settings: ConnectionSettings,
  around: SshSurroundings,
  { before, via }: { readonly before: readonly Client[]; readonly via: readonly string[] },
): Promise<Reached> {
  const options = sshOptions(settings, around)
  const gateName = `${options.hostName} ${String(options.port)}`
  const jumps = before.length > 0 ? before : await reachJumps(settings, options, { around, via: [...via, gateName] })
  try {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const client = await around.gate.through(gateName, async () =>
          logIn(await wayTo(settings, options, jumps), { settings, options, warn: around.warn }),
        )
        return { client, jumps, user: options.user }
      } catch (error) {
        if (!(error instanceof TooManyLogins) || attempt === attempts) throw error
        // Jitter, or all that were dropped together would come back together.
        await sleep(attempt * 100 + Math.random() * 400)
      }
    }
  } catch (error) {
    for (const jump of jumps) jump.end()
    throw error
  }
}

function wayTo(settings: ConnectionSettings, options: SshOptions, jumps: readonly Client[]): Promise<Duplex> {
  const destination = { host: settings.host, options, timeoutSeconds: settings.timeoutSeconds }
  const last = jumps.at(-1)
  if (last !== undefined) return dialThrough(last, options.jumps.at(-1) ?? 'the jump host', destination)
  return options.proxyCommand === undefined ? dial(destination) : runProxyCommand(options.proxyCommand, destination)
}

/** Each jump host is logged in to with its own key, known_hosts and configuration, as with ssh -J. */
async function reachJumps(
  settings: ConnectionSettings,
  options: SshOptions,
  { around, via }: { readonly around: SshSurroundings; readonly via: readonly string[] },
): Promise<readonly Client[]> {
  let jumps: readonly Client[] = []
  for (const spec of options.jumps) {
    const jump = jumpSettings(settings, spec)
    const { hostName, port } = sshOptions(jump, around)
    // `Host *` with a ProxyJump matches the jump host as well; ssh goes to it directly.
    if (via.includes(`${hostName} ${String(port)}`)) continue
    const reached = await reach(jump, around, { before: jumps, via })
    jumps = [...reached.jumps, reached.client]
  }
  return jumps
}

function jumpSettings({ sshArguments, timeoutSeconds }: ConnectionSettings, spec: string): ConnectionSettings {
  const match = /^(?:ssh:\/\/)?(?:(?<user>[^@]+)@)?(?:\[(?<six>[^\]]+)\]|(?<name>[^:]+))(?::(?<port>\d+))?$/.exec(
    spec.trim(),
  )
  const { user, six, name, port } = match?.groups ?? {}
  const address = six ?? name
  if (address === undefined)
    throw new ConnectionError('connect', `"${spec}" is no jump host`, { hint: 'Write user@host:port' })
  return {
    host: address,
    transport: 'ssh',
    address,
    user,
    port: port === undefined ? undefined : Number(port),
    sshArguments: configArgument(sshArguments),
    hostKeyChecking: true,
    timeoutSeconds,
  }
}

/** Of the arguments only -F holds for jump hosts too. */
function configArgument(args: readonly string[]): readonly string[] {
  const at = args.findIndex((word) => word.startsWith('-F'))
  return at < 0 ? [] : args.slice(at, args[at] === '-F' ? at + 2 : at + 1)
}

class SshConnection implements Connection {
  readonly host: string
  readonly #client: Client
  readonly #jumps: readonly Client[]
  readonly #shells: Shells

  constructor(settings: ConnectionSettings, { client, jumps, user }: Reached) {
    this.host = settings.host
    this.#client = client
    this.#jumps = jumps
    // The channels end with the connection, and with them what waits for an answer.
    client.on('error', () => undefined)
    client.once('close', () => {
      this.#shells.end()
    })
    this.#shells = new Shells(user, (become, onTimeout) =>
      openShellAs(become, {
        host: this.host,
        startTimeoutMs: Math.max(settings.timeoutSeconds, 10) * 1000,
        onTimeout,
        start: (command) => this.#exec(command),
      }),
    )
  }

  shell(become: Become | undefined): Promise<Shell> {
    return this.#shells.shell(become)
  }

  tunnel(address: Address): Promise<Duplex> {
    return new Promise((resolve, reject) => {
      this.#client.forwardOut('127.0.0.1', 0, address.host, address.port, (error, channel) => {
        if (error === undefined) resolve(channel)
        else reject(Object.assign(new Error(openFailure(error)), { code: 'ECONNREFUSED', cause: error }))
      })
    })
  }

  close(): Promise<void> {
    this.#shells.end()
    for (const client of [this.#client, ...this.#jumps]) client.end()
    return Promise.resolve()
  }

  #exec(command: string): Promise<RunnerStreams> {
    return new Promise((resolve, reject) => {
      this.#client.exec(command, (error, channel) => {
        if (error === undefined) resolve({ stdin: channel, stdout: channel, stderr: channel.stderr })
        else reject(new ConnectionError('shell', `"${this.host}" starts no shell: ${error.message}`, { cause: error }))
      })
    })
  }
}
