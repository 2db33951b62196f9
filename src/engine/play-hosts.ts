import { InputError } from '../errors.ts'
import type { Group, Inventory } from '../inventory/inventory.ts'
import { selectHosts, selectLimit } from '../inventory/select-hosts.ts'
import { namesOnlyProducts, withProductGroups } from '../playbook/product-groups.ts'
import type { Play } from '../playbook/playbook.ts'
import type { RunContext } from './run-context.ts'
import { taskScope } from './task-scope.ts'

/** The hosts of a play that may still take part: pattern and --limit, less those that failed before. */
export function playHosts(context: RunContext, play: Play): readonly string[] {
  const inventory = withDynamicGroups(withProductGroups(context.inventory), context.dynamicGroups)
  const pattern = renderPattern(context, play)
  const { hosts, problems } = selectHosts(inventory, pattern, { limit: limitOf(context), position: play.position })
  // A product that this inventory does not have is no mistake: its play has nothing to do.
  const emptyProduct = hosts.length === 0 && namesOnlyProducts(pattern)
  if (problems.length > 0 && !emptyProduct) throw new InputError(problems)
  return hosts.filter((host) => (context.hosts.get(host)?.condition ?? 'well') === 'well')
}

function limitOf(context: RunContext): ReadonlySet<string> | undefined {
  const { limit } = context.selection
  if (limit === undefined) return undefined
  const { hosts, problems } = selectLimit(withProductGroups(context.inventory), limit, context.startFolder)
  if (problems.length > 0) throw new InputError(problems)
  return new Set(hosts)
}

function renderPattern(context: RunContext, play: Play): string {
  if (!play.hosts.includes('{{')) return play.hosts
  const place = { play, varsFiles: [], inherited: play.common, playHosts: [], batchHosts: [] }
  return taskScope(context, 'localhost', place).render(play.hosts)
}

function withDynamicGroups(inventory: Inventory, added: ReadonlyMap<string, ReadonlySet<string>>): Inventory {
  if (added.size === 0) return inventory
  const groups = new Map<string, Group>(inventory.groups)
  for (const [name, hosts] of added) {
    const known = groups.get(name)
    groups.set(name, {
      ...(known ?? { name, children: [], parents: ['all'], vars: {}, priority: 1, depth: 1 }),
      hosts: [...new Set([...(known?.hosts ?? []), ...hosts])],
    })
  }
  return { ...inventory, groups }
}
