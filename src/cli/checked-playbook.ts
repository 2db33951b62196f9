import { InputError, throwProblems, UsageError, type Problem } from '../errors.ts'
import { gateNames } from '../elastic/gates.ts'
import { selectHosts } from '../inventory/select-hosts.ts'
import { modulesByName } from '../modules/registry.ts'
import { readPlaybook } from '../playbook/load.ts'
import type { Playbook } from '../playbook/playbook.ts'
import { namesOnlyProducts, withProductGroups } from '../playbook/product-groups.ts'
import { validatePlaybook } from '../playbook/validate.ts'
import { isTemplate } from '../vars/template.ts'
import { limitedHosts } from './limit.ts'
import type { RunOptions } from './options.ts'
import type { OpenedInventory } from './open-inventory.ts'
import type { ProcessView } from './process.ts'

/** Parses and validates a playbook against the inventory. Throws with all problems of both together. */
export function loadCheckedPlaybook(file: string, { opened, options }: Pick<Selected, 'opened' | 'options'>): Playbook {
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

/** The problems of all playbooks are shown together. */
export function loadCheckedPlaybooks(files: readonly string[], selected: Selected): readonly Playbook[] {
  const problems: Problem[] = []
  const playbooks = files.flatMap((file) => {
    try {
      return [loadCheckedPlaybook(file, selected)]
    } catch (thrown) {
      if (!(thrown instanceof InputError)) throw thrown
      problems.push(...thrown.problems)
      return []
    }
  })
  throwProblems(problems)
  return playbooks
}

export interface Selected {
  readonly opened: OpenedInventory
  readonly options: RunOptions
  readonly view: ProcessView
}

/** A run that would touch nothing at all is a mistake in --limit or in the inventory, not a success. */
export function requireSomeHost(playbooks: readonly Playbook[], { opened, options, view }: Selected): void {
  const inventory = withProductGroups(opened.inventory)
  const limit = limitedHosts(inventory, options.limit, view.cwd)
  const plays = playbooks.flatMap((playbook) => playbook.plays)
  // Which hosts a template means is known only in the run.
  if (plays.some(({ hosts }) => isTemplate(hosts) || selectHosts(inventory, hosts, { limit }).hosts.length > 0)) return
  const patterns = [...new Set(plays.map((play) => play.hosts))].join(', ')
  throw new UsageError(
    limit === undefined ? 'No play has a host' : `No play has a host that "--limit ${options.limit ?? ''}" selects`,
    { hint: `The plays are for ${patterns}; elkseal inventory --graph shows the hosts and groups` },
  )
}
