import type { Duplex } from 'node:stream'
import type { Client as SshClient, ConnectConfig } from 'ssh2'
import { asError } from '../errors.ts'
import { ConnectionError, type ConnectionSettings } from './connection.ts'
import {
  addKnownHost,
  hostKeyError,
  judgeHostKey,
  knownHostName,
  knownKeyTypes,
  readKnownHosts,
} from './known-hosts.ts'
import { takeFewerTrips } from './fewer-trips.ts'
import { sshAuthentication, type SshAuthentication } from './ssh-auth.ts'
import type { SshOptions } from './ssh-options.ts'
import { Client } from './ssh2.ts'

/** The host closed the connection before it said who it is: sshd has too many logins (MaxStartups). Try again. */
export class TooManyLogins extends ConnectionError {}

interface Login {
  readonly settings: ConnectionSettings
  readonly options: SshOptions
  readonly warn: (message: string) => void
}

/** Checks the host key and logs in. Rejects with stage host-key, login or timeout. */
export function logIn(stream: Duplex, login: Login): Promise<SshClient> {
  const { settings, options } = login
  const check = new HostKeyCheck(login)
  const authentication = sshAuthentication(settings, options)
  const client = new Client()
  let isGreeted = false
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => {
      client.destroy()
      stream.destroy()
      reject(error)
    }
    const failBy = (error: Error & { readonly level?: string }) => {
      if (check.refusal !== undefined) fail(check.refusal)
      else if (error instanceof ConnectionError) fail(error)
      else if (!isGreeted && isCut(error)) fail(cutOff(login))
      else if (error.level === 'client-authentication') fail(refusedLogin(login, authentication))
      else fail(loginError(login, error))
    }
    stream.once('error', failBy)
    client.on('error', failBy)
    client.once('handshake', () => {
      isGreeted = true
    })
    client.once('ready', () => resolve(client))
    client.once('close', () =>
      fail(check.refusal ?? (isGreeted ? closedDuringLogin(login, authentication) : cutOff(login))),
    )
    client.connect({
      sock: stream,
      username: options.user,
      readyTimeout: settings.timeoutSeconds * 1000,
      keepaliveInterval: 15_000,
      keepaliveCountMax: 4,
      authHandler: authentication.handler,
      hostVerifier: (key: Buffer) => check.accepts(key),
      ...check.preferredKeys,
    })
    takeFewerTrips(client)
  })
}

/** ssh2's algorithms for each kind of key; it refuses to be asked for one that it does not have (sk-, certificates). */
const hostKeyAlgorithms: Readonly<Record<string, readonly string[]>> = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'],
}

class HostKeyCheck {
  readonly #login: Login
  readonly #name: string
  readonly #known
  refusal: ConnectionError | undefined

  constructor(login: Login) {
    const { hostKeyAlias, hostName, port, userKnownHostsFiles, globalKnownHostsFiles } = login.options
    this.#login = login
    this.#name = hostKeyAlias ?? knownHostName(hostName, port)
    this.#known = readKnownHosts([...userKnownHostsFiles, ...globalKnownHostsFiles])
  }

  /** The host is asked for a key of a kind that is known, as ssh does: another would look unknown. */
  get preferredKeys(): Partial<ConnectConfig> {
    const types = knownKeyTypes(this.#known, this.#name)
    const wanted = types.flatMap((type) => hostKeyAlgorithms[type] ?? [])
    if (wanted.length === 0) return {}
    return { algorithms: { serverHostKey: { prepend: wanted, append: [], remove: [] } } as never }
  }

  accepts(key: Buffer): boolean {
    const { options, warn } = this.#login
    const verdict = judgeHostKey(this.#known, this.#name, key)
    if (verdict.kind === 'known') return true
    if (options.strictHostKeyChecking === 'no' && verdict.kind !== 'revoked') return true
    const [file] = options.userKnownHostsFiles
    if (verdict.kind === 'unknown' && options.strictHostKeyChecking === 'accept-new' && file !== undefined) {
      addKnownHost(file, this.#name, key)
      warn(`The host key of "${this.#name}" was added to ${file}`)
      return true
    }
    this.refusal = hostKeyError(verdict, this.#name, key)
    return false
  }
}

function isCut(error: Error & { readonly code?: unknown }): boolean {
  return error.code === 'ECONNRESET' || error.code === 'EPIPE' || /before handshake/.test(error.message)
}

function cutOff({ settings }: Login): TooManyLogins {
  return new TooManyLogins('login', `"${settings.host}" closed the connection before the login`, {
    hint: 'Its sshd may have too many logins at once (MaxStartups), or refuse this address',
  })
}

function closedDuringLogin({ settings }: Login, authentication: SshAuthentication): ConnectionError {
  return new ConnectionError('login', `"${settings.host}" closed the connection during the login`, {
    hint: triedText(authentication),
  })
}

function refusedLogin({ settings, options }: Login, authentication: SshAuthentication): ConnectionError {
  const next =
    authentication.tried.length === 0
      ? 'Give one with --private-key or --ask-pass'
      : 'Check ansible_user, and that this account may log in with it'
  return new ConnectionError('login', `"${settings.host}" refused the login of "${options.user}"`, {
    hint: `${triedText(authentication)}. ${next}`,
  })
}

function triedText({ tried, unusable }: SshAuthentication): string {
  const offered = tried.length === 0 ? 'There was no key, agent or password to try' : `Tried ${tried.join(', ')}`
  return unusable.length === 0 ? offered : `${offered}; not usable: ${unusable.join('; ')}`
}

function loginError({ settings }: Login, error: Error & { readonly level?: string }): ConnectionError {
  if (error.level === 'client-timeout') {
    const seconds = String(settings.timeoutSeconds)
    return new ConnectionError('timeout', `"${settings.host}" did not finish the login within ${seconds} s`, {
      hint: 'Check that sshd answers there; ansible_ssh_timeout gives it more time',
      cause: error,
    })
  }
  return new ConnectionError('login', `Cannot log in to "${settings.host}": ${asError(error).message}`, {
    cause: error,
  })
}
