import { existsSync, readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { Client, type AuthenticationType, type ConnectConfig } from 'ssh2'
import { asError } from '../errors.ts'
import { openShellAs } from './become.ts'
import {
  ConnectionError,
  type Address,
  type Become,
  type Connection,
  type ConnectionSettings,
  type Shell,
} from './connection.ts'
import {
  addKnownHost,
  hostKeyError,
  judgeHostKey,
  knownHostName,
  knownKeyTypes,
  readKnownHosts,
} from './known-hosts.ts'
import type { RunnerStreams } from './runner.ts'
import { Shells } from './shells.ts'
import { sshOptions, type SshDefaults, type SshOptions } from './ssh-options.ts'

export interface SshSurroundings extends SshDefaults {
  readonly agentSocket: string | undefined
  readonly warn: (message: string) => void
}

/** Logs in to a host. Rejects with a ConnectionError that says at which stage it failed and what to do. */
export async function openSshConnection(settings: ConnectionSettings, around: SshSurroundings): Promise<Connection> {
  const options = sshOptions(settings, around)
  const socket = await dial(settings, options)
  const client = await login(settings, { options, around, socket })
  return new SshConnection(settings, client)
}

class SshConnection implements Connection {
  readonly host: string
  readonly #client: Client
  readonly #shells: Shells

  constructor(settings: ConnectionSettings, client: Client) {
    this.host = settings.host
    this.#client = client
    this.#shells = new Shells((become, onTimeout) =>
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
        else reject(Object.assign(new Error(error.message), { code: 'ECONNREFUSED' }))
      })
    })
  }

  close(): Promise<void> {
    this.#shells.end()
    this.#client.end()
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

function dial(settings: ConnectionSettings, options: SshOptions): Promise<Socket> {
  const { hostName, port } = options
  const place = `${hostName} port ${String(port)}`
  return new Promise((resolve, reject) => {
    // ssh2 leaves Nagle's algorithm on, which costs 40 ms a request with the peer's delayed acknowledgements.
    const socket = connect({ host: hostName, port, noDelay: true })
    const timer = setTimeout(() => {
      socket.destroy()
      reject(
        new ConnectionError(
          'connect',
          `"${settings.host}" (${place}) did not answer within ${String(settings.timeoutSeconds)} s`,
        ),
      )
    }, settings.timeoutSeconds * 1000)
    socket.once('connect', () => {
      clearTimeout(timer)
      resolve(socket)
    })
    socket.once('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer)
      const stage = error.code === 'ENOTFOUND' || error.code === 'EAI_AGAIN' ? 'resolve' : 'connect'
      reject(
        new ConnectionError(stage, `Cannot connect to "${settings.host}" (${place}): ${error.code ?? error.message}`, {
          hint:
            stage === 'resolve'
              ? 'Check ansible_host in the inventory'
              : 'Check that the host is up and sshd listens there',
          cause: error,
        }),
      )
    })
  })
}

interface LoginParts {
  readonly options: SshOptions
  readonly around: SshSurroundings
  readonly socket: Socket
}

function login(settings: ConnectionSettings, { options, around, socket }: LoginParts): Promise<Client> {
  const name = knownHostName(options.hostName, options.port)
  const known = readKnownHosts([...options.userKnownHostsFiles, '/etc/ssh/ssh_known_hosts'])
  let refused: ConnectionError | undefined
  const client = new Client()
  const tried: string[] = []
  const config: ConnectConfig = {
    sock: socket,
    username: options.user,
    readyTimeout: settings.timeoutSeconds * 1000,
    keepaliveInterval: 15_000,
    keepaliveCountMax: 4,
    authHandler: authMethods(settings, options, { around, tried }),
    hostVerifier: (key: Buffer) => {
      const verdict = judgeHostKey(known, name, key)
      if (verdict.kind === 'known' || (options.strictHostKeyChecking === 'no' && verdict.kind !== 'revoked'))
        return true
      const [file] = options.userKnownHostsFiles
      if (verdict.kind === 'unknown' && options.strictHostKeyChecking === 'accept-new' && file !== undefined) {
        addKnownHost(file, name, key)
        around.warn(`The host key of "${name}" was added to ${file}`)
        return true
      }
      refused = hostKeyError(verdict, name, key)
      return false
    },
    ...preferredKeys(knownKeyTypes(known, name)),
  }
  return new Promise((resolve, reject) => {
    client.once('ready', () => resolve(client))
    client.on('error', (error: Error & { level?: string }) => {
      reject(refused ?? loginError(settings, options, { error, tried }))
    })
    client.once('close', () =>
      reject(new ConnectionError('login', `"${settings.host}" closed the connection during the login`)),
    )
    client.connect(config)
  })
}

function preferredKeys(types: readonly string[]): Partial<ConnectConfig> {
  if (types.length === 0) return {}
  const wanted = types.flatMap((type) => (type === 'ssh-rsa' ? ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'] : [type]))
  return { algorithms: { serverHostKey: { prepend: wanted, append: [], remove: [] } } as never }
}

function authMethods(
  settings: ConnectionSettings,
  options: SshOptions,
  { around, tried }: { around: SshSurroundings; tried: string[] },
): NonNullable<ConnectConfig['authHandler']> {
  const methods: unknown[] = []
  for (const file of options.identityFiles) {
    if (!existsSync(file)) continue
    methods.push({
      type: 'publickey',
      username: options.user,
      key: readFileSync(file),
      ...(settings.privateKeyPassphrase === undefined ? {} : { passphrase: settings.privateKeyPassphrase.reveal() }),
    })
    tried.push(`key ${file}`)
  }
  if (around.agentSocket !== undefined && !options.identitiesOnly) {
    methods.push({ type: 'agent', username: options.user, agent: around.agentSocket })
    tried.push('the agent')
  }
  if (settings.password !== undefined) {
    methods.push({ type: 'password', username: options.user, password: settings.password.reveal() })
    tried.push('the password')
  }
  let next = 0
  return ((_left: AuthenticationType[] | null, _partial: boolean | null, callback: (method: unknown) => void) =>
    callback(methods[next++] ?? false)) as NonNullable<ConnectConfig['authHandler']>
}

function loginError(
  settings: ConnectionSettings,
  options: SshOptions,
  { error, tried }: { error: Error & { level?: string }; tried: readonly string[] },
): ConnectionError {
  if (error.level === 'client-authentication') {
    return new ConnectionError('login', `"${settings.host}" refused the login of "${options.user}"`, {
      hint: tried.length === 0 ? 'There was no key, agent or password to try' : `Tried ${tried.join(', ')}`,
      cause: error,
    })
  }
  const stage = error.level === 'client-timeout' ? 'timeout' : 'login'
  return new ConnectionError(stage, `Cannot log in to "${settings.host}": ${asError(error).message}`, { cause: error })
}
