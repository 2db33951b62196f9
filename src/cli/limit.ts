import { throwProblems } from '../errors.ts'
import type { Inventory } from '../inventory/inventory.ts'
import { selectLimit } from '../inventory/select-hosts.ts'
import { withProductGroups } from '../playbook/product-groups.ts'

/** The hosts of --limit; undefined without one. Throws with what is wrong with it. */
export function limitedHosts(
  inventory: Inventory,
  limit: string | undefined,
  folder: string,
): ReadonlySet<string> | undefined {
  if (limit === undefined) return undefined
  const { hosts, problems } = selectLimit(withProductGroups(inventory), limit, folder)
  throwProblems(problems)
  return new Set(hosts)
}
