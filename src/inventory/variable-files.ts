import { readdirSync, readFileSync, statSync, type Stats } from 'node:fs'
import { extname, join } from 'node:path'
import { asError, InputError, type Problem } from '../errors.ts'
import type { Redactor } from '../secrets/redactor.ts'
import { Secret } from '../secrets/secret.ts'
import type { Vault } from '../secrets/vault.ts'
import { parseYaml } from '../yaml-source.ts'
import type { InventoryVars } from './inventory.ts'
import { decodeUtf8 } from './utf8-text.ts'
import { jsonVariableValue, parseJson, variableValues } from './yaml-values.ts'

/*
 * group_vars/ and host_vars/: which files belong to a name, and what is in them, after ansible-core's
 * lib/ansible/parsing/dataloader.py (find_vars_files) and lib/ansible/plugins/vars/host_group_vars.py.
 */

const extensions = ['', '.yml', '.yaml', '.json']

export interface VariableFileOptions {
  readonly vault: Vault
  /** Learns the strings of vaulted files. */
  readonly redactor?: Redactor | undefined
}

/** Later layers win; whole values replace each other. */
export function mergeVariables(layers: readonly InventoryVars[]): InventoryVars {
  return layers.reduce((merged, layer) => ({ ...merged, ...layer }), {})
}

/** Reads each file once. */
export class VariableFiles {
  readonly #vault: Vault
  readonly #redactor: Redactor | undefined
  readonly #found = new Map<string, readonly string[]>()
  readonly #read = new Map<string, InventoryVars>()
  readonly #listings = new Map<string, ReadonlySet<string>>()

  constructor(options: VariableFileOptions) {
    this.#vault = options.vault
    this.#redactor = options.redactor
  }

  /** All variables for a name in a folder such as `group_vars`. Throws an InputError when a file cannot be read. */
  variables(folder: string, name: string): InventoryVars {
    // Host names that are paths (chroots) have no files.
    if (name.startsWith('/')) return {}
    const path = join(folder, name)
    let files = this.#found.get(path)
    if (files === undefined) {
      files = this.#mayHold(folder, name) ? filesFor(path) : []
      this.#found.set(path, files)
    }
    return mergeVariables(files.map((file) => this.#variablesOf(file)))
  }

  /** Whether any file could be for the name: one listing of a folder answers for a thousand hosts. */
  #mayHold(folder: string, name: string): boolean {
    let names = this.#listings.get(folder)
    if (names === undefined) {
      names = new Set(listFolder(folder))
      this.#listings.set(folder, names)
    }
    return name.includes('/') || extensions.some((extension) => names.has(`${name}${extension}`))
  }

  #variablesOf(file: string): InventoryVars {
    let variables = this.#read.get(file)
    if (variables === undefined) {
      variables = readVariableFile(file, this.#vault, this.#redactor)
      this.#read.set(file, variables)
    }
    return variables
  }
}

/**
 * One file of variables, YAML or JSON, perhaps vaulted as a whole. The strings of a vaulted file become Secrets, unless
 * they are templates: those may hold no more than a reference. Throws an InputError.
 */
export function readVariableFile(file: string, vault: Vault, redactor?: Redactor): InventoryVars {
  const bytes = readBytes(file)
  const isVaulted = vault.isEncrypted(bytes)
  const plain = isVaulted ? vault.decrypt(bytes, `"${file}"`).revealBytes() : bytes
  const { text, problem } = decodeUtf8(plain, file)
  if (problem !== undefined) throw new InputError([problem])
  const variables = parseVariables(text, file, vault)
  return isVaulted ? (protect(variables, redactor) as InventoryVars) : variables
}

function parseVariables(text: string, file: string, vault: Vault): InventoryVars {
  const json = /^\s*\{/.test(text) ? parseJson(text) : undefined
  // JSON and YAML 1.1 read some values differently (1e3), and Ansible tries JSON first.
  if (json !== undefined) return jsonVariableValue(json, vault, `A value in "${file}"`) as InventoryVars
  const { root, problems } = parseYaml(text, file)
  if (problems.length > 0) throw new InputError(problems)
  if (root === undefined || (root.kind === 'scalar' && root.value === null)) return {}
  if (root.kind === 'map') return variableValues(root, vault)
  throw new InputError([{ message: 'A file of variables must be a mapping', position: root.position }])
}

function protect(value: unknown, redactor: Redactor | undefined): unknown {
  if (typeof value === 'string' && !/\{[{%#]/.test(value)) {
    const secret = new Secret(value)
    redactor?.add(secret)
    return secret
  }
  if (Array.isArray(value)) return value.map((item) => protect(item, redactor))
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, protect(item, redactor)]))
}

/** The first of: the bare name (file or folder), then .yml, .yaml, .json. A folder counts with all its files. */
function filesFor(path: string): readonly string[] {
  for (const extension of extensions) {
    const stats = statOf(path + extension)
    if (stats === undefined) continue
    return stats.isDirectory() ? filesIn(path + extension) : [path + extension]
  }
  return []
}

function filesIn(folder: string): string[] {
  return listFolder(folder)
    .filter((name) => !name.startsWith('.') && !name.endsWith('~'))
    .sort((a, b) => (a < b ? -1 : 1))
    .flatMap((name) => {
      const path = join(folder, name)
      const stats = statOf(path)
      if (stats?.isDirectory() === true) return extname(name) === '' ? filesIn(path) : []
      return stats?.isFile() === true && extensions.includes(extname(name)) ? [path] : []
    })
}

function readBytes(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    const problem: Problem = { message: `The file of variables "${file}" cannot be read: ${asError(error).message}` }
    throw new InputError([problem])
  }
}

/** Nothing when it does not exist. Ansible skips a file of that name with a warning; here it is a problem. */
function listFolder(folder: string): string[] {
  if (statOf(folder) === undefined) return []
  try {
    return readdirSync(folder)
  } catch (error) {
    throw new InputError([{ message: `The folder "${folder}" cannot be read: ${asError(error).message}` }])
  }
}

function statOf(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false })
}
