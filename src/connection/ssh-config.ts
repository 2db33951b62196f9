import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, isAbsolute, join } from 'node:path'
import sshConfig from 'ssh-config'
import { asError } from '../errors.ts'
import { ConnectionError } from './connection.ts'
import { matchesPattern, matchesPatterns } from './ssh-pattern.ts'

/** What is asked of the configuration, as ssh knows it from its command line. */
export interface SshConfigQuery {
  /** As given, before HostName changes it. */
  readonly host: string
  /** From -l or a variable; beats User. */
  readonly user: string | undefined
  readonly localUser: string
  readonly home: string
}

/** Keywords in lower case, each with its values in the order of the files: the first counts, IdentityFile adds up. */
export type SshConfigValues = ReadonlyMap<string, readonly string[]>

/** `file` is ~/.ssh/config or what stands instead of it; missing files are empty. Throws a ConnectionError. */
export function readSshConfig(files: readonly string[], query: SshConfigQuery): SshConfigValues {
  const found = new Map<string, string[]>()
  for (const file of files) new ConfigFile(file, query, found).apply(true)
  return found
}

interface Value {
  readonly val: string
  readonly quoted?: boolean
}

interface Directive {
  readonly param: string
  readonly value: string | readonly Value[]
  readonly config?: readonly (Directive | { readonly content: string })[]
}

const deepestInclude = 16

class ConfigFile {
  readonly #file: string
  readonly #query: SshConfigQuery
  readonly #found: Map<string, string[]>
  readonly #depth: number
  readonly #folder: string

  constructor(file: string, query: SshConfigQuery, found: Map<string, string[]>, parent?: ConfigFile) {
    this.#file = file
    this.#query = query
    this.#found = found
    this.#depth = parent === undefined ? 0 : parent.#depth + 1
    this.#folder = parent === undefined ? dirname(file) : parent.#folder
  }

  apply(active: boolean): void {
    if (!existsSync(this.#file)) return
    if (this.#depth > deepestInclude) throw this.#error('Too many files include each other')
    this.#lines(this.#parse(), active)
  }

  #parse(): readonly Directive[] {
    try {
      return directives(sshConfig.parse(readFileSync(this.#file, 'utf8')))
    } catch (thrown) {
      throw this.#error(`Cannot read the ssh configuration: ${asError(thrown).message}`)
    }
  }

  #lines(lines: readonly Directive[], active: boolean): void {
    for (const { param, value, config } of lines) {
      const name = param.toLowerCase()
      const inside = config === undefined ? [] : directives(config)
      if (name === 'host') this.#lines(inside, matchesPatterns(wordsOf(value), this.#query.host))
      else if (name === 'match') this.#lines(inside, this.#matches(wordsOf(value)))
      else if (!active) continue
      else if (name === 'include') this.#include(wordsOf(value))
      else this.#add(name, name === 'proxycommand' ? commandOf(value) : wordsOf(value).join(' '))
    }
  }

  #add(name: string, value: string): void {
    this.#found.set(name, [...(this.#found.get(name) ?? []), value])
  }

  #include(patterns: readonly string[]): void {
    for (const pattern of patterns) {
      const path = expandHome(pattern, this.#query.home)
      for (const file of expandGlob(isAbsolute(path) ? path : join(this.#folder, path))) {
        new ConfigFile(file, this.#query, this.#found, this).apply(true)
      }
    }
  }

  #matches(words: readonly string[]): boolean {
    let matched = true
    let exec: string | undefined
    for (let index = 0; index < words.length; index += 1) {
      const criterion = (words[index] ?? '').toLowerCase()
      if (criterion === 'all') continue
      // A second pass over the files, which we do not make: what stands there never beats what was found before.
      if (criterion === 'final' || criterion === 'canonical') return false
      const argument = words[(index += 1)] ?? ''
      if (criterion === 'exec') exec = argument
      else matched &&= this.#meets(criterion, argument)
    }
    if (matched && exec !== undefined) {
      throw this.#error(`"Match exec" is not supported: ${exec}`, 'Use Match host, originalhost or user instead')
    }
    return matched
  }

  #meets(criterion: string, argument: string): boolean {
    const { host, user, localUser } = this.#query
    const subjects: Readonly<Record<string, string>> = {
      host: (this.#found.get('hostname')?.[0] ?? host).replaceAll('%h', host),
      originalhost: host,
      user: user ?? this.#found.get('user')?.[0] ?? localUser,
      localuser: localUser,
    }
    const subject = subjects[criterion.replace(/^!/, '')]
    if (subject === undefined) throw this.#error(`"Match ${criterion}" is not supported`)
    return matchesPatterns(argument.split(','), subject) !== criterion.startsWith('!')
  }

  #error(message: string, hint?: string): ConnectionError {
    return new ConnectionError('connect', message, { position: { file: this.#file, line: 1, column: 1 }, hint })
  }
}

function directives(lines: Iterable<unknown>): readonly Directive[] {
  return [...lines].filter((line): line is Directive => typeof line === 'object' && line !== null && 'param' in line)
}

function wordsOf(value: Directive['value']): readonly string[] {
  return typeof value === 'string' ? [value] : value.map((word) => word.val)
}

/** A command keeps its quotes: a shell reads it. */
function commandOf(value: Directive['value']): string {
  if (typeof value === 'string') return value
  return value.map((word) => (word.quoted === true ? `"${word.val}"` : word.val)).join(' ')
}

function expandGlob(pattern: string): readonly string[] {
  const [first = '', ...segments] = pattern.split('/')
  return segments.reduce<readonly string[]>(
    (folders, segment) =>
      /[*?]/.test(segment)
        ? folders.flatMap((folder) => namesIn(folder, segment).map((name) => `${folder}/${name}`))
        : folders.map((folder) => `${folder}/${segment}`),
    [first],
  )
}

function namesIn(folder: string, pattern: string): readonly string[] {
  if (!existsSync(folder === '' ? '/' : folder)) return []
  return readdirSync(folder === '' ? '/' : folder)
    .filter((name) => matchesPattern(pattern, name) && (!name.startsWith('.') || pattern.startsWith('.')))
    .sort()
}

export function expandHome(file: string, home: string): string {
  return file === '~' || file.startsWith('~/') ? join(home, file.slice(1)) : file
}
