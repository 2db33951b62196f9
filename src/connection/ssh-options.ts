import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { ConnectionSettings } from './connection.ts'
import { expandHome, readSshConfig } from './ssh-config.ts'

/** What ssh itself would use for a host, from variables, arguments and configuration files. */
export interface SshOptions {
  readonly hostName: string
  readonly port: number
  readonly user: string
  readonly identityFiles: readonly string[]
  readonly identitiesOnly: boolean
  /** The socket of the agent, if there is one to ask. */
  readonly agentSocket: string | undefined
  readonly userKnownHostsFiles: readonly string[]
  readonly globalKnownHostsFiles: readonly string[]
  /** Under this name the host key is looked up instead of under the host's own. */
  readonly hostKeyAlias: string | undefined
  readonly strictHostKeyChecking: 'yes' | 'accept-new' | 'no'
  /** `[user@]host[:port]`, from the first to the last before the host. */
  readonly jumps: readonly string[]
  /** Ready for a shell. */
  readonly proxyCommand: string | undefined
}

export interface SshDefaults {
  readonly home: string
  readonly user: string
  readonly agentSocket: string | undefined
  readonly configFile: string | undefined
  readonly acceptNewHostKeys: boolean
}

/** Variables beat arguments, which beat the files: ~/.ssh/config and ssh's own, or the one given by -F or an option. */
export function sshOptions(settings: ConnectionSettings, defaults: SshDefaults): SshOptions {
  const { home } = defaults
  const words = optionWords(settings.sshArguments)
  const given = words.get('configfile')?.[0] ?? defaults.configFile
  const files = given === undefined ? [join(home, '.ssh', 'config'), '/etc/ssh/ssh_config'] : [expandHome(given, home)]
  const config = readSshConfig(given === 'none' ? [] : files, {
    host: settings.address,
    user: settings.user ?? words.get('user')?.[0],
    localUser: defaults.user,
    home,
  })
  const one = (name: string) => words.get(name)?.[0] ?? config.get(name)?.[0]
  const hostName = (one('hostname') ?? settings.address).replaceAll('%h', settings.address)
  const port = settings.port ?? Number(one('port') ?? 22)
  const user = settings.user ?? one('user') ?? defaults.user
  const expand = (text: string) =>
    expandTokens(text, { h: hostName, p: String(port), r: user, n: settings.address, u: defaults.user, d: home })
  const path = (text: string) => expandHome(expand(text), home)
  const paths = (name: string, otherwise: string) =>
    (one(name) ?? otherwise).split(/\s+/).flatMap((file) => (file === 'none' ? [] : [path(file)]))
  const identities = [
    ...(settings.privateKeyFile === undefined ? [] : [settings.privateKeyFile]),
    ...(words.get('identityfile') ?? []),
    ...(config.get('identityfile') ?? []),
  ]
  return {
    hostName,
    port,
    user,
    identityFiles: identities.length > 0 ? [...new Set(identities.map(path))] : ownKeys(home),
    identitiesOnly: one('identitiesonly')?.toLowerCase() === 'yes',
    agentSocket: agentOf(one('identityagent'), defaults, path),
    userKnownHostsFiles: paths('userknownhostsfile', '~/.ssh/known_hosts ~/.ssh/known_hosts2'),
    globalKnownHostsFiles: paths('globalknownhostsfile', '/etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2'),
    hostKeyAlias: one('hostkeyalias'),
    strictHostKeyChecking: strictness(settings.hostKeyChecking ? one('stricthostkeychecking') : 'no', defaults),
    ...route(words.has('proxyjump') || words.has('proxycommand') ? words : config, expand),
  }
}

/** `ask` is `yes` for us: nobody is asked in the middle of a run. */
function strictness(word: string | undefined, { acceptNewHostKeys }: SshDefaults): SshOptions['strictHostKeyChecking'] {
  const strict = word?.toLowerCase()
  if (strict === 'no' || strict === 'off') return 'no'
  return strict === 'accept-new' || acceptNewHostKeys ? 'accept-new' : 'yes'
}

function agentOf(word: string | undefined, defaults: SshDefaults, path: (text: string) => string): string | undefined {
  if (word === 'none') return undefined
  return word === undefined || word === 'SSH_AUTH_SOCK' ? defaults.agentSocket : path(word)
}

/** Of the two kinds of proxy in one source, ssh takes the one that stands first; a jump is by far the usual one. */
function route(
  values: ReadonlyMap<string, readonly string[]>,
  expand: (text: string) => string,
): Pick<SshOptions, 'jumps' | 'proxyCommand'> {
  const jump = values.get('proxyjump')?.[0]
  const command = values.get('proxycommand')?.[0]
  const names = [...values.keys()]
  const isJump =
    jump !== undefined && (command === undefined || names.indexOf('proxyjump') < names.indexOf('proxycommand'))
  if (isJump) return { jumps: jump.toLowerCase() === 'none' ? [] : jump.split(','), proxyCommand: undefined }
  const isCommand = command !== undefined && command.toLowerCase() !== 'none'
  return { jumps: [], proxyCommand: isCommand ? expand(command) : undefined }
}

function ownKeys(home: string): readonly string[] {
  return ['id_rsa', 'id_ecdsa', 'id_ed25519'].map((name) => join(home, '.ssh', name)).filter((file) => existsSync(file))
}

function expandTokens(text: string, tokens: Readonly<Record<string, string>>): string {
  return text.replace(/%(.)/g, (whole, letter: string) => (letter === '%' ? '%' : (tokens[letter] ?? whole)))
}

const letters: Readonly<Record<string, string>> = {
  J: 'proxyjump',
  i: 'identityfile',
  p: 'port',
  l: 'user',
  F: 'configfile',
}

/** ssh's flags that take a value; those that we do not know must not let their value pass for a flag. */
const flagsWithValue = 'BbcDEeFIiJLlmOopQRSWw'

function optionWords(args: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>()
  const add = (name: string, value: string) => found.set(name, [...(found.get(name) ?? []), value])
  for (let index = 0; index < args.length; index += 1) {
    const word = args[index] ?? ''
    const letter = word.charAt(1)
    if (!word.startsWith('-') || letter === '' || !flagsWithValue.includes(letter)) continue
    const value = word.length > 2 ? word.slice(2) : (args[(index += 1)] ?? '')
    if (letter === 'o') {
      const match = /^\s*(\w+)\s*[=\s]\s*(.*)$/.exec(value)
      if (match !== null) add((match[1] ?? '').toLowerCase(), unquoted(match[2] ?? ''))
    } else if (letter in letters) add(letters[letter] ?? '', value)
  }
  return found
}

function unquoted(text: string): string {
  return /^"[^"]*"$/.test(text) ? text.slice(1, -1) : text
}
