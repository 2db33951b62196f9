import { accessSync, constants, existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, extname, join, resolve } from 'node:path'
import { asError, ElksealError, throwProblems, type Problem } from '../errors.ts'
import type { Vault } from '../secrets/vault.ts'
import { parseYaml, type YamlSource } from '../yaml-source.ts'
import { parseAddress } from './address.ts'
import { readIni } from './ini-source.ts'
import { InventoryBuilder, type Source } from './inventory-builder.ts'
import type { Inventory } from './inventory.ts'
import { readScript } from './script-source.ts'
import { decodeUtf8 } from './utf8-text.ts'
import { readYamlInventory } from './yaml-inventory.ts'
import { jsonTree, parseJson } from './yaml-values.ts'

export interface LoadedInventory {
  readonly inventory: Inventory
  readonly warnings: readonly Problem[]
}

export interface LoadOptions {
  readonly vault: Vault
  /** What relative sources are relative to. */
  readonly folder: string
}

/**
 * Reads all sources, each `-i` of the user one of them: a file (INI, YAML, JSON or executable), a folder of such files,
 * or a list of hosts with at least one comma. Later sources win. Throws an InputError with everything that is wrong;
 * unlike Ansible, a source that cannot be read is never skipped.
 */
export function loadInventory(sources: readonly string[], options: LoadOptions): LoadedInventory {
  const loader = new InventoryLoader(options)
  const resolved = sources.map((source) => (isHostList(source, options.folder) ? source : resolve(options.folder, source)))
  for (const source of resolved) loader.read(source)
  throwProblems(loader.problems)
  return { inventory: loader.builder.build(resolved), warnings: loader.warnings() }
}

/** Only a text with a comma that is no file's name is a list of hosts. */
function isHostList(source: string, folder: string): boolean {
  return source.includes(',') && !existsSync(resolve(folder, source))
}

// ansible-core's INVENTORY_IGNORE_EXTS, and the names it always skips.
const ignoredInFolder =
  /^\.|^(?:host_vars|group_vars|vars_plugins)$|(?:\.pyc|\.pyo|\.swp|\.bak|~|\.rpm|\.md|\.txt|\.rst|\.orig|\.cfg|\.retry)$/

const yamlExtensions = ['.yaml', '.yml', '.json']

class InventoryLoader {
  readonly builder = new InventoryBuilder()
  readonly problems: Problem[] = []
  readonly #vault: Vault
  readonly #folder: string

  constructor(options: LoadOptions) {
    this.#vault = options.vault
    this.#folder = options.folder
  }

  read(source: string): void {
    if (isHostList(source, this.#folder)) this.#readHostList(source)
    else if (isFolder(source)) this.#readFolder(source)
    else this.#readFile(source)
  }

  warnings(): Problem[] {
    return this.builder.ambiguousNames().map((name) => ({
      message: `"${name}" is the name of a group and of a host`,
      hint: 'Variables given to the one may reach the other: rename one of them',
    }))
  }

  #readFolder(folder: string): void {
    const names = this.#attempt(folder, () => readdirSync(folder)) ?? []
    const sources = names.filter((name) => !ignoredInFolder.test(name)).sort(byCodePoint)
    if (sources.length === 0) this.#refuse(folder, `The inventory folder "${folder}" holds no inventory file`)
    for (const name of sources) this.read(join(folder, name))
  }

  #readHostList(list: string): void {
    const source: Source = { file: list, folder: undefined }
    for (const name of list.split(',').map((item) => item.trim())) {
      if (name === '') continue
      if (name.includes('[') && !/^\[[^\]:]*:[^\]]*:/.test(name)) {
        const hint = 'Ansible takes the brackets as part of the name: put the range into an inventory file'
        this.problems.push({ message: `"${name}" in a host list cannot be a range`, hint })
        continue
      }
      const address = parseAddress(name)
      const host = address?.host ?? name
      if (!this.builder.hasHost(host)) this.builder.addHost(host, 'ungrouped', { source, port: address?.port })
    }
  }

  #readFile(file: string): void {
    const source: Source = { file, folder: dirname(file) }
    const text = this.#readText(file)
    if (text === undefined) return
    if (isProgramme(file, text)) this.problems.push(...readScript(source, { builder: this.builder, vault: this.#vault }))
    else if (yamlExtensions.includes(extname(file)) || extname(file) === '') this.#readYamlOrIni(text, source)
    else if (extname(file) === '.toml') this.#refuse(file, 'TOML inventories are not supported')
    else this.problems.push(...readIni(text, source, this.builder))
  }

  /** As in Ansible, text that is no YAML mapping may still be INI, whatever the file is called. */
  #readYamlOrIni(text: string, source: Source): void {
    const yaml = parseTree(text, source.file)
    if (yaml.root?.kind === 'map') {
      const into = { builder: this.builder, vault: this.#vault }
      this.problems.push(...readYamlInventory(yaml.root, source, into))
      return
    }
    const ini = readIni(text, source, new InventoryBuilder())
    if (ini.length === 0) {
      readIni(text, source, this.builder)
    } else if (looksLikeYaml(text, source.file)) {
      const position = { file: source.file, line: 1, column: 1 }
      const noMapping = { message: 'A YAML inventory must be a mapping of groups', position }
      this.problems.push(...(yaml.problems.length > 0 ? yaml.problems : [noMapping]))
    } else {
      this.problems.push(...ini)
    }
  }

  #readText(file: string): string | undefined {
    const bytes = this.#attempt(file, () => readFileSync(file))
    if (bytes === undefined) return undefined
    const plain = this.#vault.isEncrypted(bytes)
      ? this.#attempt(file, () => this.#vault.decrypt(bytes, `"${file}"`).revealBytes())
      : bytes
    if (plain === undefined) return undefined
    const { text, problem } = decodeUtf8(plain, file)
    if (problem !== undefined) this.problems.push(problem)
    return problem === undefined ? text : undefined
  }

  /** What fails becomes a problem. */
  #attempt<T>(file: string, read: () => T): T | undefined {
    try {
      return read()
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
        const hint = 'A list of host names needs a comma, also after a single name: "es1,"'
        this.problems.push({ message: `The inventory "${file}" does not exist`, hint })
      } else if (error instanceof ElksealError) {
        this.problems.push({ message: error.message, hint: error.hint, position: { file, line: 1, column: 1 } })
      } else {
        this.#refuse(file, `The inventory "${file}" cannot be read: ${asError(error).message}`)
      }
      return undefined
    }
  }

  #refuse(file: string, message: string): void {
    this.problems.push({ message, position: { file, line: 1, column: 1 } })
  }
}

/**
 * Executable, and truly a programme: on some file systems every file is executable, and a text without `#!` would be
 * run by the shell.
 */
function isProgramme(file: string, text: string): boolean {
  if (!text.startsWith('#!') && !text.startsWith('\x7fELF')) return false
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** JSON and YAML 1.1 read some values differently (1e3), and Ansible tries JSON first. */
function parseTree(text: string, file: string): YamlSource {
  const json = /^\s*\{/.test(text) ? parseJson(text) : undefined
  if (json === undefined) return parseYaml(text, file)
  return { root: jsonTree(json, { file, line: 1, column: 1 }), problems: [] }
}

function looksLikeYaml(text: string, file: string): boolean {
  const first = text.split('\n').find((line) => line.trim() !== '' && !line.trim().startsWith('#')) ?? ''
  return first.startsWith('---') || /^[^[=\s]+:\s*(?:#.*)?$/.test(first) || (extname(file) !== '' && !first.startsWith('['))
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

function byCodePoint(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
