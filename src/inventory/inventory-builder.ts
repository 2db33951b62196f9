import type { Group, Host, Inventory } from './inventory.ts'

/*
 * Collects what the sources say, with the rules of ansible-core's lib/ansible/inventory/{data,group,host}.py: a name
 * declared twice is one thing, variables replace each other, every group without a parent belongs to `all`.
 */

export interface Source {
  /** Absolute path, or the text of a host list. */
  readonly file: string
  /** Undefined for a host list. */
  readonly folder: string | undefined
}

interface GrowingGroup {
  readonly name: string
  readonly hosts: Set<string>
  readonly children: Set<string>
  readonly parents: Set<string>
  readonly vars: Record<string, unknown>
  priority: number
}

interface GrowingHost {
  readonly name: string
  readonly groups: Set<string>
  readonly vars: Record<string, unknown>
  readonly source: Source
}

export class InventoryBuilder {
  readonly #groups = new Map<string, GrowingGroup>()
  readonly #hosts = new Map<string, GrowingHost>()

  constructor() {
    this.addGroup('all')
    this.addGroup('ungrouped')
    this.addChild('all', 'ungrouped')
  }

  hasGroup(name: string): boolean {
    return this.#groups.has(name)
  }

  hasHost(name: string): boolean {
    return this.#hosts.has(name)
  }

  addGroup(name: string): void {
    if (this.#groups.has(name)) return
    const group = { name, hosts: new Set<string>(), children: new Set<string>(), parents: new Set<string>() }
    this.#groups.set(name, { ...group, vars: {}, priority: 1 })
  }

  /** The first source that names a host is its inventory_file; a port counts only there, as in Ansible. */
  addHost(name: string, group: string, at: { readonly source: Source; readonly port?: number | undefined }): void {
    let host = this.#hosts.get(name)
    if (host === undefined) {
      host = { name, groups: new Set(), vars: {}, source: at.source }
      if (at.port !== undefined && at.port !== 0) host.vars['ansible_port'] = at.port
      this.#hosts.set(name, host)
    }
    host.groups.add(group)
    this.#groups.get(group)?.hosts.add(name)
  }

  /** Both groups exist. Returns false when the child is the group itself or one of its ancestors. */
  addChild(groupName: string, childName: string): boolean {
    const group = this.#groups.get(groupName)
    const child = this.#groups.get(childName)
    if (group === undefined || child === undefined) return false
    if (groupName === childName || this.#ancestors(groupName).has(childName)) return false
    group.children.add(childName)
    child.parents.add(groupName)
    return true
  }

  /** Of a group if one has the name, else of a host. Returns false when the value is refused. */
  setVariable(name: string, key: string, value: unknown): boolean {
    const group = this.#groups.get(name)
    if (group !== undefined && key === 'ansible_group_priority') {
      const priority = typeof value === 'string' ? Number(value) : value
      if (typeof priority !== 'number' || !Number.isFinite(priority)) return false
      group.priority = Math.trunc(priority)
      return true
    }
    const vars = group?.vars ?? this.#hosts.get(name)?.vars
    if (vars !== undefined) setOwn(vars, key, value)
    return vars !== undefined
  }

  /** Names that are both a host's and a group's. */
  ambiguousNames(): string[] {
    return [...this.#hosts.keys()].filter((name) => this.#groups.has(name))
  }

  build(sources: readonly string[]): Inventory {
    this.#adoptOrphans()
    this.#settleUngrouped()
    const depths = new Map<string, number>([['all', 0]])
    const groups = new Map<string, Group>()
    for (const group of this.#groups.values()) {
      const { name, vars, priority } = group
      const [hosts, children, parents] = [[...group.hosts], [...group.children], [...group.parents]]
      groups.set(name, { name, hosts, children, parents, vars, priority, depth: this.#depth(name, depths) })
    }
    const hosts = new Map<string, Host>()
    for (const { name, groups: own, vars, source } of this.#hosts.values()) {
      hosts.set(name, { name, groups: [...own], vars, inventoryFile: source.file, inventoryDir: source.folder })
    }
    return { hosts, groups, sources }
  }

  #adoptOrphans(): void {
    for (const group of this.#groups.values()) {
      if (group.name !== 'all' && group.parents.size === 0) this.addChild('all', group.name)
    }
  }

  /** `ungrouped` holds exactly the hosts that are in no other group. */
  #settleUngrouped(): void {
    const ungrouped = this.#groups.get('ungrouped')
    for (const host of this.#hosts.values()) {
      const hasGroup = [...host.groups].some((name) => name !== 'all' && name !== 'ungrouped')
      if (hasGroup) {
        host.groups.delete('ungrouped')
        ungrouped?.hosts.delete(host.name)
      } else {
        host.groups.add('ungrouped')
        ungrouped?.hosts.add(host.name)
      }
    }
  }

  #ancestors(name: string): Set<string> {
    const seen = new Set<string>()
    const open = [name]
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      for (const parent of this.#groups.get(next)?.parents ?? []) {
        if (seen.has(parent)) continue
        seen.add(parent)
        open.push(parent)
      }
    }
    return seen
  }

  /** The longest way down from `all`. */
  #depth(name: string, known: Map<string, number>): number {
    const before = known.get(name)
    if (before !== undefined) return before
    const parents = [...(this.#groups.get(name)?.parents ?? [])]
    const depth = 1 + Math.max(...parents.map((parent) => this.#depth(parent, known)))
    known.set(name, depth)
    return depth
  }
}

// A variable called __proto__ is a variable, not a prototype.
function setOwn(vars: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(vars, key, { value, writable: true, enumerable: true, configurable: true })
}
