import { throwProblems } from '../errors.ts'
import { gateNames } from '../elastic/gates.ts'
import { selectHosts } from '../inventory/select-hosts.ts'
import { modulesByName } from '../modules/registry.ts'
import { readPlaybook } from '../playbook/load.ts'
import type { Playbook } from '../playbook/playbook.ts'
import { namesOnlyProducts, withProductGroups } from '../playbook/product-groups.ts'
import { validatePlaybook } from '../playbook/validate.ts'
import type { RunOptions } from './options.ts'
import type { OpenedInventory } from './open-inventory.ts'

/** Parses and validates a playbook against the inventory. Throws with all problems of both together. */
export function loadCheckedPlaybook(file: string, opened: OpenedInventory, options: RunOptions): Playbook {
  const { playbook, problems } = readPlaybook(file, modulesByName)
  if (playbook === undefined) {
    throwProblems(problems)
    throw new TypeError('a playbook that cannot be read has problems')
  }
  const inventory = withProductGroups(opened.inventory)
  const found = validatePlaybook(playbook, {
    modules: modulesByName,
    gates: gateNames,
    hosts: (pattern, position) => {
      const { hosts, problems: wrong } = selectHosts(inventory, pattern, { position })
      return hosts.length === 0 && namesOnlyProducts(pattern) ? [] : wrong
    },
    tags: options.tags,
    skipTags: options.skipTags,
    startAtTask: options.startAtTask,
  })
  throwProblems([...problems, ...found])
  return playbook
}
