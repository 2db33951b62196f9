import type { Group, Inventory } from './inventory.ts'

/** The hosts of a group and of its children at any depth, level by level: the order in which Ansible names them. */
export function hostsIn(inventory: Inventory, group: string): readonly string[] {
  const hosts = new Set<string>()
  const seen = new Set([group])
  for (const name of seen) {
    const { hosts: own = [], children = [] } = inventory.groups.get(name) ?? {}
    for (const host of own) hosts.add(host)
    for (const child of children) seen.add(child)
  }
  return [...hosts]
}

export function allHosts(inventory: Inventory): readonly string[] {
  return hostsIn(inventory, 'all')
}

const orders = new WeakMap<Inventory, Map<string, readonly Group[]>>()

/** All groups of a host but `all`, those of the lowest precedence first: by depth, then priority, then name. */
export function groupsOf(inventory: Inventory, host: string): readonly Group[] {
  const direct = inventory.hosts.get(host)?.groups ?? []
  const known = orders.get(inventory) ?? new Map<string, readonly Group[]>()
  orders.set(inventory, known)
  const key = direct.join('\n')
  let groups = known.get(key)
  if (groups === undefined) {
    groups = withAncestors(inventory, direct).sort(byPrecedence)
    known.set(key, groups)
  }
  return groups
}

/** Names that Ansible takes for the controller even when no source has them. */
export function isLocalhost(name: string): boolean {
  return ['127.0.0.1', 'localhost', '::1'].includes(name)
}

function withAncestors(inventory: Inventory, direct: readonly string[]): Group[] {
  const names = new Set(direct)
  for (const name of names) for (const parent of inventory.groups.get(name)?.parents ?? []) names.add(parent)
  names.delete('all')
  return [...names].flatMap((name) => inventory.groups.get(name) ?? [])
}

function byPrecedence(a: Group, b: Group): number {
  return a.depth - b.depth || a.priority - b.priority || (a.name < b.name ? -1 : 1)
}
