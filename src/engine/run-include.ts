import { TaskError } from '../errors.ts'
import { loadTaskFile } from '../playbook/load.ts'
import type { IncludeTasks, Item, RawMap } from '../playbook/playbook.ts'
import type { BatchRun } from './batch-run.ts'
import { inherit } from './inherit.ts'
import { taskScope, type TaskPlace } from './task-scope.ts'

interface Inclusion {
  readonly batch: BatchRun
  readonly include: IncludeTasks
  readonly hosts: readonly string[]
  readonly place: TaskPlace
}

type RunItems = (items: readonly Item[], hosts: readonly string[], place: TaskPlace) => Promise<readonly string[]>

interface OneInclusion {
  readonly file: string
  readonly loop: Readonly<Record<string, unknown>> | undefined
  readonly hosts: string[]
}

/** include_tasks: which file is meant may differ from host to host and from item to item; equal ones run together. */
export async function runInclude(inclusion: Inclusion, runItems: RunItems): Promise<readonly string[]> {
  const { batch, include, place, hosts } = inclusion
  const inherited = inherit(place.inherited, { ...include.common, when: [] })
  for (const one of inclusionsOf(inclusion)) {
    const items = loadTaskFile(one.file, batch.context.modules)
    const inside = {
      ...place,
      inherited: inherit(inherited, { tags: [], when: [], vars: (one.loop as RawMap | undefined) ?? {} }),
      loop: one.loop ?? place.loop,
    }
    await runItems(items, one.hosts, inside)
  }
  return hosts.filter((host) => batch.isWell(host))
}

function inclusionsOf({ batch, include, hosts, place }: Inclusion): readonly OneInclusion[] {
  const found = new Map<string, OneInclusion>()
  const inside = { ...place, inherited: inherit(place.inherited, include.common) }
  for (const host of hosts) {
    for (const loop of loopsOf(batch, include, host, inside)) {
      const scope = taskScope(batch.context, host, { ...inside, loop: { ...place.loop, ...loop } })
      if (!scope.holds(inside.inherited.when)) continue
      const file = scope.render(include.file)
      const key = JSON.stringify([file, loop])
      const one = found.get(key) ?? { file: resolveFile(file, include.folder), loop, hosts: [] }
      one.hosts.push(host)
      found.set(key, one)
    }
  }
  return [...found.values()]
}

function loopsOf(
  batch: BatchRun,
  include: IncludeTasks,
  host: string,
  place: TaskPlace,
): readonly (Readonly<Record<string, unknown>> | undefined)[] {
  const { loop } = include
  if (loop === undefined) return [undefined]
  const items = taskScope(batch.context, host, place).renderValue(loop.over)
  if (!Array.isArray(items)) throw new TaskError('The loop needs a list', { position: include.position })
  return items.map((item: unknown, index) => ({
    [loop.loopVar]: item,
    ...(loop.indexVar === undefined ? {} : { [loop.indexVar]: index }),
  }))
}

function resolveFile(file: string, folder: string): string {
  return file.startsWith('/') ? file : `${folder}/${file}`
}
