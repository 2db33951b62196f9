import { UsageError } from '../../errors.ts'
import type { Inventory } from '../../inventory/inventory.ts'
import { parseExtraVars } from '../../vars/extra-vars.ts'
import type { InventoryCommandOptions } from '../options.ts'
import { exitCodes } from '../exit-code.ts'
import { limitedHosts } from '../limit.ts'
import { openInventory } from '../open-inventory.ts'
import type { ProcessView } from '../process.ts'

/** `elkseal inventory`: prints what ansible-inventory prints. */
export async function inventoryCommand(options: InventoryCommandOptions, view: ProcessView): Promise<number> {
  const wanted = [options.list, options.graph, options.host].filter((option) => option !== undefined)
  if (wanted.length !== 1) {
    throw new UsageError('Say one of --list, --graph and --host', { hint: 'elkseal inventory -i hosts.yml --graph' })
  }
  const { inventory, variables, vault } = openInventory(options, view)
  const render = await import('../../inventory/render-inventory.ts')
  const limit = limitedHosts(inventory, options.limit, view.cwd)
  const extraVars = parseExtraVars(options.extraVars, { folder: view.cwd, vault })
  const input = { inventory, variables, limit, extraVars }
  const text = () => {
    if (options.host !== undefined) {
      requireHost(inventory, options.host)
      return options.yaml === true ? render.renderHostYaml(input, options.host) : render.renderHost(input, options.host)
    }
    if (options.graph !== undefined) {
      const group = options.graph === true ? 'all' : options.graph
      requireGroup(inventory, group)
      return render.renderGraph(input, { group, vars: options.vars === true })
    }
    return options.yaml === true ? render.renderYaml(input) : render.renderList(input)
  }
  view.stdout.write(text())
  return exitCodes.ok
}

function requireHost(inventory: Inventory, host: string): void {
  if (inventory.hosts.has(host)) return
  throw new UsageError(`The inventory has no host "${host}"`, { hint: 'elkseal inventory --graph shows them all' })
}

function requireGroup(inventory: Inventory, group: string): void {
  if (inventory.groups.has(group)) return
  throw new UsageError(`The inventory has no group "${group}"`, { hint: 'elkseal inventory --graph shows them all' })
}
