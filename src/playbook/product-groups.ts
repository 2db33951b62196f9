import type { Group, Inventory } from '../inventory/inventory.ts'

/** The groups that the shipped playbooks speak of. An inventory without Kibana or Metricbeat need not name them. */
const productGroups = ['elasticsearch', 'kibana', 'metricbeat'] as const

/** The inventory with every product's group, empty where it has none. */
export function withProductGroups(inventory: Inventory): Inventory {
  const missing = productGroups.filter((name) => !inventory.groups.has(name) && !inventory.hosts.has(name))
  if (missing.length === 0) return inventory
  const empty = (name: string): Group => ({
    name,
    children: [],
    parents: ['all'],
    hosts: [],
    vars: {},
    priority: 1,
    depth: 1,
  })
  const groups = new Map(inventory.groups)
  for (const name of missing) groups.set(name, empty(name))
  return { ...inventory, groups }
}

/** A pattern of nothing but products: it may select no host. */
export function namesOnlyProducts(pattern: string): boolean {
  return pattern.split(/[,:]/).every((part) => (productGroups as readonly string[]).includes(part.trim()))
}
