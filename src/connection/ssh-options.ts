import { homedir } from 'node:os'
import { join } from 'node:path'
import type { ConnectionSettings } from './connection.ts'

/** What ssh itself would use for a host, from arguments (first word wins, as in ssh). */
export interface SshOptions {
  readonly hostName: string
  readonly port: number
  readonly user: string
  readonly identityFiles: readonly string[]
  readonly identitiesOnly: boolean
  readonly userKnownHostsFiles: readonly string[]
  readonly strictHostKeyChecking: 'yes' | 'accept-new' | 'no'
  readonly proxyJump: string | undefined
}

export interface SshDefaults {
  readonly home: string
  readonly user: string
  readonly acceptNewHostKeys: boolean
}

/** Variables first, then -o words, then defaults. */
export function sshOptions(settings: ConnectionSettings, defaults: SshDefaults): SshOptions {
  const words = optionWords(settings.sshArguments)
  const one = (name: string) => words.get(name.toLowerCase())?.[0]
  const identities = [
    ...(settings.privateKeyFile === undefined ? [] : [settings.privateKeyFile]),
    ...(words.get('identityfile') ?? []),
  ]
  const ownKeys = ['id_rsa', 'id_ecdsa', 'id_ed25519'].map((name) => join(defaults.home, '.ssh', name))
  const strict = settings.hostKeyChecking ? one('StrictHostKeyChecking') : 'no'
  return {
    hostName: one('HostName') ?? settings.address,
    port: settings.port ?? Number(one('Port') ?? 22),
    user: settings.user ?? one('User') ?? defaults.user,
    identityFiles: (identities.length > 0 ? identities : ownKeys).map((file) => expandHome(file, defaults.home)),
    identitiesOnly: one('IdentitiesOnly') === 'yes',
    userKnownHostsFiles: (one('UserKnownHostsFile')?.split(/\s+/) ?? ['~/.ssh/known_hosts']).map((file) =>
      expandHome(file, defaults.home),
    ),
    strictHostKeyChecking:
      strict === 'no' || strict === 'off'
        ? 'no'
        : strict === 'accept-new' || defaults.acceptNewHostKeys
          ? 'accept-new'
          : 'yes',
    proxyJump: one('ProxyJump'),
  }
}

const letters: Readonly<Record<string, string>> = { J: 'proxyjump', i: 'identityfile', p: 'port', l: 'user' }

function optionWords(args: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>()
  const add = (name: string, value: string) => found.set(name, [...(found.get(name) ?? []), value])
  for (let index = 0; index < args.length; index += 1) {
    const word = args[index] ?? ''
    if (!word.startsWith('-') || word.length < 2) continue
    const letter = word.charAt(1)
    if (letter !== 'o' && !(letter in letters)) continue
    const value = word.length > 2 ? word.slice(2) : (args[(index += 1)] ?? '')
    if (letter === 'o') {
      const match = /^\s*(\w+)\s*[=\s]\s*(.*)$/.exec(value)
      if (match !== null) add((match[1] ?? '').toLowerCase(), match[2] ?? '')
    } else add(letters[letter] ?? '', value)
  }
  return found
}

export function expandHome(file: string, home: string = homedir()): string {
  return file === '~' || file.startsWith('~/') ? join(home, file.slice(1)) : file
}
