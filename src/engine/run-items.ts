import type { Block, IncludeTasks, Item, Task } from '../playbook/playbook.ts'
import type { BatchRun } from './batch-run.ts'
import { runInclude } from './run-include.ts'
import { inherit } from './inherit.ts'
import { expectChanges } from './ahead/expect-changes.ts'
import { lookAhead } from './ahead/prefetch.ts'
import { runMeta } from './meta.ts'
import { runTaskOnHosts } from './run-task-on-hosts.ts'
import type { TaskPlace } from './task-scope.ts'

/**
 * Runs items one after the other, each on all given hosts before the next (Ansible's linear strategy). Hosts that fail
 * or become unreachable take no part in what follows. Returns the hosts that came through.
 */
export async function runItems(
  batch: BatchRun,
  items: readonly Item[],
  hosts: readonly string[],
  place: TaskPlace,
): Promise<readonly string[]> {
  let well = hosts
  for (const [index, item] of items.entries()) {
    well = well.filter((host) => batch.isWell(host))
    if (batch.stopped) batch.leave(well)
    if (well.length === 0 || batch.stopped) break
    const running = runItem(batch, item, well, place)
    const next = items.slice(index + 1)
    if (item.kind === 'task') expectChanges(batch, item, { next, hosts: well, place })
    lookAhead(batch, { current: item, next }, well, place)
    well = await running
  }
  return well.filter((host) => batch.isWell(host))
}

async function runItem(
  batch: BatchRun,
  item: Item,
  hosts: readonly string[],
  place: TaskPlace,
): Promise<readonly string[]> {
  switch (item.kind) {
    case 'block':
      return runBlock(batch, item, hosts, place)
    case 'include':
      return runIncludedTasks(batch, item, hosts, place)
    case 'task':
      return runOneTask(batch, item, hosts, place)
  }
}

async function runOneTask(
  batch: BatchRun,
  task: Task,
  hosts: readonly string[],
  place: TaskPlace,
): Promise<readonly string[]> {
  if (!batch.selects(task, place.inherited)) return hosts
  if (task.module === 'meta') return runMeta(batch, task, hosts, place)
  const failed = await runTaskOnHosts(batch, task, hosts, place)
  return hosts.filter((host) => !failed.has(host) && batch.isWell(host))
}

/** Per host: a failure in the block leads to its rescue; `always` runs for all that are reachable. */
async function runBlock(
  batch: BatchRun,
  block: Block,
  hosts: readonly string[],
  place: TaskPlace,
): Promise<readonly string[]> {
  const inside = { ...place, inherited: inherit(place.inherited, block.common) }
  const before = hosts.filter((host) => batch.isWell(host))
  const guarded = block.rescue.length > 0
  const through = await batch.guarded(guarded, () => runItems(batch, block.block, before, inside))
  const fallen = before.filter((host) => batch.condition(host) === 'failed')
  let rescued: readonly string[] = []
  if (guarded && fallen.length > 0 && !batch.context.interruption.signal.aborted) {
    for (const host of fallen) batch.rescue(host)
    rescued = await runItems(batch, block.rescue, fallen, { ...inside, rescue: true })
    for (const host of rescued) batch.countRescued(host)
  }
  if (block.always.length > 0) await runAlways(batch, block, before, inside)
  return [...through, ...rescued].filter((host) => batch.isWell(host))
}

/** A host that failed and was not rescued still runs `always`, and is failed again afterwards. */
async function runAlways(batch: BatchRun, block: Block, hosts: readonly string[], place: TaskPlace): Promise<void> {
  const failed = hosts.filter((host) => batch.condition(host) === 'failed')
  const reachable = hosts.filter((host) => batch.condition(host) !== 'unreachable')
  await batch.evenIfFailed(failed, () => runItems(batch, block.always, reachable, place))
}

async function runIncludedTasks(
  batch: BatchRun,
  include: IncludeTasks,
  hosts: readonly string[],
  place: TaskPlace,
): Promise<readonly string[]> {
  if (!batch.selects(include, place.inherited)) return hosts
  return runInclude({ batch, include, hosts, place }, (items, some, inside) => runItems(batch, items, some, inside))
}
