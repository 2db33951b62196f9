import { existsSync, readFileSync } from 'node:fs'
import type {
  AuthenticationType,
  BaseAgent as SshAgent,
  ConnectConfig,
  ParsedKey,
  SignCallback,
  SigningRequestOptions,
} from 'ssh2'
import type { ConnectionSettings } from './connection.ts'
import { asError } from '../errors.ts'
import { BaseAgent, createAgent, parseKey } from './ssh2.ts'
import type { SshOptions } from './ssh-options.ts'

/** The ways to log in, in order, and what became of each: for the error when none of them did. */
export interface SshAuthentication {
  readonly handler: NonNullable<ConnectConfig['authHandler']>
  /** What was offered to the host. */
  readonly tried: readonly string[]
  /** What could not be offered, and why. */
  readonly unusable: readonly string[]
}

interface Way {
  readonly type: AuthenticationType
  readonly name: string
  readonly offer: Readonly<Record<string, unknown>>
}

/** Keys, agent, password: each once, and only what the host says it takes. sshd ends a connection after six failures. */
export function sshAuthentication(settings: ConnectionSettings, options: SshOptions): SshAuthentication {
  const unusable: string[] = []
  const tried: string[] = []
  const waiting = [...keyWays(settings, options, unusable), ...agentWays(options), ...passwordWays(settings)]
  let passwordRefused = false
  const next = (left: readonly string[] | null): unknown => {
    for (let way = waiting.shift(); way !== undefined; way = waiting.shift()) {
      const kind = way.type === 'agent' ? 'publickey' : way.type
      if (left !== null && !left.includes(kind)) continue
      // Answering the host's question with a password that it has refused would only count against the account.
      if (way.type === 'keyboard-interactive' && passwordRefused) continue
      passwordRefused ||= way.type === 'password' && (left === null || left.includes('password'))
      tried.push(way.name)
      return { type: way.type, username: options.user, ...way.offer }
    }
    return false
  }
  const handler = (left: readonly string[] | null, _partial: boolean | null, callback: (way: unknown) => void) => {
    // Of the first offer it is not known whether the host takes its kind at all; the answer to it says so.
    if (left !== null && !left.includes('password')) passwordRefused = false
    callback(next(left))
  }
  return { handler: handler as unknown as SshAuthentication['handler'], tried, unusable }
}

function keyWays(settings: ConnectionSettings, options: SshOptions, unusable: string[]): readonly Way[] {
  return options.identityFiles.flatMap((file): Way[] => {
    const key = readKey(file, settings.privateKeyPassphrase?.reveal())
    if (typeof key === 'string') {
      unusable.push(`key ${file} ${key}`)
      return []
    }
    return [{ type: 'publickey', name: `key ${file}`, offer: { key } }]
  })
}

/** The key, or why it cannot be used. */
function readKey(file: string, passphrase: string | undefined): ParsedKey | string {
  if (!existsSync(file)) return 'does not exist'
  let parsed: ParsedKey | readonly ParsedKey[] | Error
  try {
    parsed = parseKey(readFileSync(file), passphrase)
  } catch (thrown) {
    parsed = asError(thrown)
  }
  const key = Array.isArray(parsed) ? (parsed[0] as ParsedKey) : parsed
  if (!(key instanceof Error)) return key.isPrivateKey() ? key : 'is a public key'
  if (/no passphrase given/.test(key.message)) return 'needs a passphrase (ansible_private_key_passphrase, or ssh-add)'
  if (/bad passphrase|integrity check|malformed OpenSSH/i.test(key.message) && passphrase !== undefined) {
    return 'does not open with the given passphrase'
  }
  return `cannot be read: ${key.message}`
}

function agentWays({ agentSocket, identitiesOnly, identityFiles }: SshOptions): readonly Way[] {
  if (agentSocket === undefined || !existsSync(agentSocket)) return []
  const agent = createAgent(agentSocket)
  const wanted = identitiesOnly ? identityFiles.flatMap(publicKeyOf) : undefined
  return [
    {
      type: 'agent',
      name: identitiesOnly ? 'the agent, for the identity files only' : 'the agent',
      offer: { agent: wanted === undefined ? agent : new ChosenKeysAgent(agent, wanted) },
    },
  ]
}

/** Of a key that only the agent can use, the public half lies beside it; a private file of OpenSSH's shows it too. */
function publicKeyOf(file: string): readonly Buffer[] {
  return [file, `${file}.pub`].flatMap((path) => {
    if (!existsSync(path)) return []
    const key = parseKey(readFileSync(path))
    return key instanceof Error ? [] : [key.getPublicSSH()]
  })
}

/** An agent that shows only some of its keys: IdentitiesOnly. */
class ChosenKeysAgent extends BaseAgent<ParsedKey> {
  readonly #agent: SshAgent
  readonly #wanted: readonly Buffer[]

  constructor(agent: SshAgent, wanted: readonly Buffer[]) {
    super()
    this.#agent = agent
    this.#wanted = wanted
  }

  override getIdentities(callback: Parameters<SshAgent<ParsedKey>['getIdentities']>[0]): void {
    this.#agent.getIdentities((error, keys) => {
      const chosen = (keys as readonly ParsedKey[] | undefined)?.filter((key) =>
        this.#wanted.some((wanted) => wanted.equals(key.getPublicSSH())),
      )
      callback(error, chosen)
    })
  }

  override sign(
    key: ParsedKey,
    data: Buffer,
    options: SigningRequestOptions | SignCallback,
    callback?: SignCallback,
  ): void {
    if (typeof options === 'function') this.#agent.sign(key, data, options)
    else this.#agent.sign(key, data, options, callback)
  }
}

/** ssh2's arguments: name, instructions, language, prompts, and what takes the answers. */
type Question = readonly [string, string, string, readonly { readonly echo?: boolean }[], (answers: string[]) => void]

function passwordWays({ password }: ConnectionSettings): readonly Way[] {
  if (password === undefined) return []
  let isGiven = false
  const prompt = (...[, , , prompts, finish]: Question) => {
    const answers = isGiven ? [] : prompts.map(({ echo }) => (echo === true ? '' : password.reveal()))
    isGiven ||= prompts.length > 0
    finish(answers)
  }
  return [
    { type: 'password', name: 'the password', offer: { password: password.reveal() } },
    { type: 'keyboard-interactive', name: 'the password, asked for', offer: { prompt } },
  ]
}
