/**
 * Shard allocation while a node restarts, as Elastic's rolling restart has it: of primary shards only, so that no replica
 * of that node is built elsewhere however long its start takes. What was set before stands in the cluster's own settings,
 * written by the same request that changes it: so it is known later, by any run on any machine, that it was elkseal, and
 * what to put back.
 */
export interface AllocationSettings {
  /** `cluster.routing.allocation.enable`, which somebody may have set. */
  readonly persistent: string | undefined
  readonly transient: string | undefined
  /** What elkseal found, while it holds it; `unset` where it was not set. */
  readonly foundBefore: string | undefined
}

export type AllocationStep =
  | { readonly kind: 'leave'; readonly reason: string }
  | { readonly kind: 'set'; readonly summary: string; readonly body: { readonly persistent: Settings } }

type Settings = Readonly<Record<string, string | null>>

const enable = 'cluster.routing.allocation.enable'
/** Names below cluster.metadata are the users' own; the cluster does nothing with them. */
const marker = 'cluster.metadata.elkseal_allocation_before'
const held = 'primaries'
const unset = 'unset'

/** For primary shards only, unless somebody has set it to something himself. */
export function holdAllocation(settings: AllocationSettings): AllocationStep {
  const { persistent, transient, foundBefore } = settings
  if (foundBefore !== undefined) return { kind: 'leave', reason: 'only primary shards are allocated already' }
  const own = transient ?? persistent
  if (own !== undefined && own !== 'all') return { kind: 'leave', reason: `${enable} is "${own}", and stays so` }
  // A transient value wins: ours would have no effect, and only theirs is to be there afterwards.
  if (transient !== undefined) return { kind: 'leave', reason: `${enable} is set as a transient setting, and stays so` }
  return {
    kind: 'set',
    summary: 'only primary shards are allocated while the node is down',
    body: { persistent: { [enable]: held, [marker]: persistent ?? unset } },
  }
}

/** As it was before elkseal held it. What somebody has set meanwhile stays. */
export function restoreAllocation({ persistent, foundBefore }: AllocationSettings): AllocationStep {
  if (foundBefore === undefined) return { kind: 'leave', reason: 'shard allocation is as it was found' }
  if (persistent !== held) {
    return {
      kind: 'set',
      summary: `${enable} was set to ${persistent === undefined ? 'nothing' : `"${persistent}"`} meanwhile, and stays so`,
      body: { persistent: { [marker]: null } },
    }
  }
  return {
    kind: 'set',
    summary: `${enable} is ${foundBefore === unset ? 'not set' : `"${foundBefore}"`} again`,
    body: { persistent: { [enable]: foundBefore === unset ? null : foundBefore, [marker]: null } },
  }
}

export const allocationPath = '/_cluster/settings?flat_settings=true'

/** Of the answer to `allocationPath`. */
export function allocationSettings(answer: unknown): AllocationSettings {
  const { persistent, transient } = (answer ?? {}) as { readonly [part in 'persistent' | 'transient']?: unknown }
  return {
    persistent: settingOf(persistent, enable),
    transient: settingOf(transient, enable),
    foundBefore: settingOf(persistent, marker),
  }
}

function settingOf(settings: unknown, name: string): string | undefined {
  const value = (settings as Record<string, unknown> | undefined)?.[name]
  return typeof value === 'string' ? value : undefined
}
