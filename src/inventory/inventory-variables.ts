import { realpathSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ElksealError, InputError, type Problem } from '../errors.ts'
import type { Redactor } from '../secrets/redactor.ts'
import type { Vault } from '../secrets/vault.ts'
import { isIpAddress } from './address.ts'
import { allHosts, groupsOf, hostsIn, isLocalhost } from './group-walk.ts'
import type { Group, Inventory, InventoryVars } from './inventory.ts'
import { mergeVariables, VariableFiles } from './variable-files.ts'

export interface VariableOptions {
  readonly vault: Vault
  readonly redactor?: Redactor | undefined
  /** The playbook's folder: its group_vars/ and host_vars/ are above the inventory's. */
  readonly playbookDir?: string | undefined
}

/** What the inventory itself knows of a host; these win over everything of the same name. */
export interface MagicVariables {
  readonly inventory_hostname: string
  readonly inventory_hostname_short: string
  readonly inventory_file: string | null
  readonly inventory_dir: string | null
  readonly group_names: readonly string[]
  /** Group name → its hosts, children's included. */
  readonly groups: Readonly<Record<string, readonly string[]>>
}

/**
 * The variables of hosts and groups from the inventory's sources and from the files beside inventory and playbook, by
 * Ansible's precedence (ansible-core's lib/ansible/vars/manager.py). Later wins, whole values replace each other:
 * `all` and the groups of the sources, group_vars/all, the other group_vars, the host of the sources, host_vars.
 */
export class InventoryVariables {
  readonly #inventory: Inventory
  readonly #files: VariableFiles
  readonly #inventoryFolders: readonly string[]
  readonly #playbookFolders: readonly string[]
  readonly #byGroups = new Map<string, InventoryVars>()
  readonly #byHost = new Map<string, InventoryVars>()
  #groups: MagicVariables['groups'] | undefined

  constructor(inventory: Inventory, options: VariableOptions) {
    this.#inventory = inventory
    this.#files = new VariableFiles(options)
    this.#inventoryFolders = inventory.sources.flatMap(folderOf)
    this.#playbookFolders = options.playbookDir === undefined ? [] : [realFolder(options.playbookDir)]
  }

  /** Without facts, play variables and magic variables. Throws an InputError for a broken file, a SecretError for a vaulted one. */
  ofHost(name: string): InventoryVars {
    let variables = this.#byHost.get(name)
    if (variables === undefined) {
      variables = this.#mergeHost(name)
      this.#byHost.set(name, variables)
    }
    return variables
  }

  /** The group's own variables, from the sources and from the files beside them. */
  ofGroup(name: string): InventoryVars {
    const group = this.#inventory.groups.get(name)
    if (group === undefined) return {}
    const own = {
      ...group.vars,
      ...this.#fromFolders([...this.#inventoryFolders, ...this.#playbookFolders], 'group_vars', [name]),
    }
    return group.priority === 1 ? own : { ...own, ansible_group_priority: group.priority }
  }

  magicOf(name: string): MagicVariables {
    const host = this.#inventory.hosts.get(name)
    return {
      inventory_hostname: name,
      inventory_hostname_short: isIpAddress(name) ? name : (name.split('.')[0] ?? name),
      inventory_file: host?.inventoryFile ?? null,
      inventory_dir: host?.inventoryDir ?? null,
      group_names: this.#groupsOf(name)
        .map((group) => group.name)
        .sort((a, b) => (a < b ? -1 : 1)),
      groups: this.#allGroups(),
    }
  }

  /** Reads every file that any of the hosts needs, and returns everything that is wrong with them. */
  check(hosts: Iterable<string> = allHosts(this.#inventory)): readonly Problem[] {
    const problems = new Map<string, Problem>()
    for (const host of hosts) {
      try {
        this.ofHost(host)
      } catch (error) {
        if (!(error instanceof ElksealError)) throw error
        const found = error instanceof InputError ? error.problems : [{ message: error.message, hint: error.hint }]
        for (const problem of found) problems.set(JSON.stringify(problem), problem)
      }
    }
    return [...problems.values()]
  }

  #mergeHost(name: string): InventoryVars {
    const host = this.#inventory.hosts.get(name)
    // As in Ansible, a localhost that no source names is reached without SSH.
    const implicit = host === undefined && isLocalhost(name) ? { ansible_connection: 'local' } : {}
    return {
      ...this.#ofGroups(this.#groupsOf(name)),
      ...implicit,
      ...host?.vars,
      ...this.#fromFolders(this.#inventoryFolders, 'host_vars', [name]),
      ...this.#fromFolders(this.#playbookFolders, 'host_vars', [name]),
    }
  }

  /** The same for all hosts with the same groups, so it is merged once. */
  #ofGroups(groups: readonly Group[]): InventoryVars {
    const names = groups.map((group) => group.name)
    const key = names.join('\n')
    let variables = this.#byGroups.get(key)
    if (variables === undefined) {
      variables = mergeVariables([
        this.#inventory.groups.get('all')?.vars ?? {},
        ...groups.map((group) => group.vars),
        this.#fromFolders(this.#inventoryFolders, 'group_vars', ['all']),
        this.#fromFolders(this.#playbookFolders, 'group_vars', ['all']),
        this.#fromFolders(this.#inventoryFolders, 'group_vars', names),
        this.#fromFolders(this.#playbookFolders, 'group_vars', names),
      ])
      this.#byGroups.set(key, variables)
    }
    return variables
  }

  /** Folder by folder, in each name by name: a later source's files win over a deeper group's. */
  #fromFolders(folders: readonly string[], kind: string, names: readonly string[]): InventoryVars {
    return mergeVariables(
      folders.flatMap((folder) => names.map((name) => this.#files.variables(join(folder, kind), name))),
    )
  }

  #groupsOf(host: string): readonly Group[] {
    return groupsOf(this.#inventory, host)
  }

  #allGroups(): MagicVariables['groups'] {
    this.#groups ??= Object.fromEntries(
      [...this.#inventory.groups.keys()].map((name) => [name, hostsIn(this.#inventory, name)]),
    )
    return this.#groups
  }
}

function folderOf(source: string): string[] {
  const stats = statSync(source, { throwIfNoEntry: false })
  if (stats === undefined) return []
  return [realFolder(stats.isDirectory() ? source : dirname(source))]
}

function realFolder(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}
