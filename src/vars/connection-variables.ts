import { TaskError } from '../errors.ts'
import type { Become, ConnectionSettings } from '../connection/connection.ts'
import { splitWords } from '../inventory/shell-words.ts'
import { Secret } from '../secrets/secret.ts'
import { isOmitted } from './omit.ts'
import type { Scope } from './scope.ts'

/** What the command line says about connections: variables and keywords override it, as in Ansible. */
export interface ConnectionDefaults {
  readonly user?: string | undefined
  readonly password?: Secret | undefined
  readonly privateKeyFile?: string | undefined
  readonly transport?: 'ssh' | 'local' | undefined
  readonly sshCommonArgs?: string | undefined
  readonly sshExtraArgs?: string | undefined
  readonly hostKeyChecking?: boolean | undefined
  readonly timeoutSeconds?: number | undefined
  readonly become?: boolean | undefined
  readonly becomeMethod?: string | undefined
  readonly becomeUser?: string | undefined
  readonly becomePassword?: Secret | undefined
}

/** The keywords of a task, its blocks and its play. */
export interface BecomeKeywords {
  readonly become?: unknown
  readonly becomeUser?: unknown
  readonly becomeMethod?: unknown
  readonly becomeExe?: unknown
  readonly becomeFlags?: unknown
}

const defaultTimeoutSeconds = 10

/** How to reach a host. Names and aliases are those of Ansible's ssh connection plugin. */
export function connectionSettings(host: string, scope: Scope, defaults: ConnectionDefaults): ConnectionSettings {
  const variables = new Variables(scope)
  return {
    host,
    transport: transportOf(host, variables, defaults),
    address: variables.text('ansible_host', 'ansible_ssh_host') ?? host,
    port: variables.number('ansible_port', 'ansible_ssh_port'),
    user: variables.text('ansible_user', 'ansible_ssh_user') ?? defaults.user,
    password: variables.secret('ansible_password', 'ansible_ssh_pass', 'ansible_ssh_password') ?? defaults.password,
    privateKeyFile:
      variables.text('ansible_private_key_file', 'ansible_ssh_private_key_file') ?? defaults.privateKeyFile,
    privateKeyPassphrase: variables.secret('ansible_private_key_passphrase', 'ansible_ssh_private_key_passphrase'),
    sshArguments: [
      ...variables.words(undefined, 'ansible_ssh_args'),
      ...variables.words(defaults.sshCommonArgs, 'ansible_ssh_common_args'),
      ...variables.words(defaults.sshExtraArgs, 'ansible_ssh_extra_args'),
    ],
    hostKeyChecking:
      variables.flag('ansible_host_key_checking', 'ansible_ssh_host_key_checking') ?? defaults.hostKeyChecking ?? true,
    timeoutSeconds:
      variables.number('ansible_ssh_timeout', 'ansible_timeout') ?? defaults.timeoutSeconds ?? defaultTimeoutSeconds,
  }
}

/** The account to act as, or undefined for the login account. Variables beat keywords, keywords beat options. */
export function becomeOf(scope: Scope, keywords: BecomeKeywords, defaults: ConnectionDefaults): Become | undefined {
  const variables = new Variables(scope)
  const keyword = (raw: unknown) => keywordValue(scope, raw)
  const text = (raw: unknown) => {
    const value = keyword(raw)
    return value === undefined ? undefined : scalarText(value)
  }
  const wanted =
    variables.flag('ansible_become') ?? toFlag(keyword(keywords.become), 'become') ?? defaults.become ?? false
  if (!wanted) return undefined
  const method =
    variables.text('ansible_become_method') ?? text(keywords.becomeMethod) ?? defaults.becomeMethod ?? 'sudo'
  const short = method.replace(/^ansible\.builtin\./, '')
  if (short !== 'sudo' && short !== 'su') {
    throw new TaskError(`The become method "${method}" is not supported`, { hint: 'Use "sudo" or "su"' })
  }
  return {
    method: short,
    user:
      variables.text('ansible_become_user', `ansible_${short}_user`) ??
      text(keywords.becomeUser) ??
      defaults.becomeUser ??
      'root',
    password:
      variables.secret('ansible_become_password', 'ansible_become_pass', `ansible_${short}_pass`) ??
      defaults.becomePassword,
    exe: variables.text('ansible_become_exe', `ansible_${short}_exe`) ?? text(keywords.becomeExe),
    flags: variables.text('ansible_become_flags', `ansible_${short}_flags`) ?? text(keywords.becomeFlags),
  }
}

function keywordValue(scope: Scope, raw: unknown): unknown {
  if (raw === undefined || raw === null) return undefined
  const value = scope.renderValue(raw)
  return isOmitted(value) || value === null ? undefined : value
}

function transportOf(host: string, variables: Variables, defaults: ConnectionDefaults): 'ssh' | 'local' {
  const written = variables.text('ansible_connection')?.replace(/^ansible\.builtin\./, '')
  if (written === undefined) return defaults.transport ?? 'ssh'
  if (written === 'ssh' || written === 'local') return written
  if (['smart', 'paramiko', 'paramiko_ssh'].includes(written)) return 'ssh'
  throw new TaskError(`The connection "${written}" of host "${host}" is not supported`, {
    hint: 'Use "ssh" or "local"',
  })
}

/** Typed reading of variables: the first name that is set counts. */
class Variables {
  readonly #scope: Scope

  constructor(scope: Scope) {
    this.#scope = scope
  }

  has(name: string): boolean {
    return this.#scope.has(name)
  }

  text(...names: readonly string[]): string | undefined {
    const found = this.#first(names)
    return found === undefined ? undefined : scalarText(found.value)
  }

  number(...names: readonly string[]): number | undefined {
    const found = this.#first(names)
    if (found === undefined) return undefined
    const number = Number(scalarText(found.value))
    if (Number.isInteger(number) && number >= 0) return number
    throw new TaskError(`The variable "${found.name}" must be a whole number`)
  }

  flag(...names: readonly string[]): boolean | undefined {
    const found = this.#first(names)
    return found === undefined ? undefined : toFlag(found.value, found.name)
  }

  secret(...names: readonly string[]): Secret | undefined {
    const found = this.#first(names)
    if (found === undefined) return undefined
    return found.value instanceof Secret ? found.value : new Secret(scalarText(found.value))
  }

  /** An argument list, split as a shell would. */
  words(otherwise: string | undefined, name: string): readonly string[] {
    const text = this.text(name) ?? otherwise ?? ''
    const split = splitWords(text)
    if (split.kind === 'words') return split.words.map((word) => word.text)
    throw new TaskError(`The variable "${name}" has an unfinished quotation`)
  }

  #first(names: readonly string[]): { readonly name: string; readonly value: unknown } | undefined {
    for (const name of names) {
      if (!this.#scope.has(name)) continue
      const value = this.#scope.variable(name)
      if (value !== null && value !== undefined && !isOmitted(value)) return { name, value }
    }
    return undefined
  }
}

function scalarText(value: unknown): string {
  if (value instanceof Secret) return value.reveal()
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function toFlag(value: unknown, name: string): boolean | undefined {
  if (value === undefined) return undefined
  const word = scalarText(value).trim().toLowerCase()
  if (['yes', 'on', '1', 'true', 'y', 't'].includes(word)) return true
  if (['no', 'off', '0', 'false', 'n', 'f', ''].includes(word)) return false
  throw new TaskError(`"${name}" must be true or false`)
}
