import type { ClusterNode, ClusterState, ClusterView } from './cluster-state.ts'

/** What a gate may look at. */
export interface GateView {
  readonly now: ClusterView
  /** The cluster before anything was changed. */
  readonly before?: ClusterState | undefined
  /** The user accepts that the cluster does not answer while a node is down. */
  readonly outageAllowed?: boolean | undefined
  /** Names of the nodes that are to go down, one at a time; undefined: all of them. */
  readonly goingDown?: readonly string[] | undefined
}

export interface GateVerdict {
  readonly open: boolean
  /** In words, whether open or closed. */
  readonly reason: string
}

/** A named condition of a safe roll, over one look at the cluster. */
export interface Gate {
  readonly name: string
  /** For the documentation: when it is open, and what it protects from. */
  readonly summary: string
  /** What to do about a closed one, where waiting does not open it. */
  readonly advice?: string
  judge(state: ClusterState, view: GateView): GateVerdict
}

export const gates: readonly Gate[] = [
  {
    name: 'all_nodes_joined',
    summary: 'Every node that was in the cluster before is in it now.',
    judge: ({ nodes }, { before }) => {
      const names = new Set(nodes.map((node) => node.name))
      const missing = (before?.nodes ?? []).map((node) => node.name).filter((name) => !names.has(name))
      if (missing.length > 0) return closed(`${quoted(missing)} not in the cluster`)
      return opened(
        before === undefined ? `${nodes.length} nodes` : `all ${before.nodes.length} nodes are in the cluster`,
      )
    },
  },
  {
    name: 'no_red_index',
    summary: 'Every index has its primary shards: none would be lost from sight by the next restart.',
    judge: ({ status, redIndices }) => {
      if (status !== 'red') return opened(`health is ${status}`)
      const some = redIndices.slice(0, 3).join(', ') + (redIndices.length > 3 ? ', …' : '')
      return closed(redIndices.length === 0 ? 'health is red' : `primary shards are missing in ${some}`)
    },
  },
  {
    name: 'shards_settled',
    summary:
      'No shard moves or starts, and no more of them are without a node than before. A cluster that was yellow before may stay yellow.',
    judge: (state, { before }) => {
      const moving = state.relocatingShards + state.initializingShards
      if (moving > 0) {
        return closed(`${state.relocatingShards} shards relocate, ${state.initializingShards} initialize`)
      }
      const { unassignedShards, delayedShards } = state
      if (before === undefined ? delayedShards > 0 : unassignedShards > before.unassignedShards) {
        return closed(`${unassignedShards} shards are unassigned, ${before?.unassignedShards ?? 0} were before`)
      }
      return opened(
        unassignedShards === 0 ? 'all shards are started' : `${unassignedShards} shards unassigned, as before`,
      )
    },
  },
  {
    name: 'not_worse_than_before',
    summary: 'Health and number of nodes are at least what they were before.',
    judge: (state, { before }) => {
      if (before === undefined) return opened(`health is ${state.status}; there is nothing to compare it with`)
      if (ranks[state.status] < ranks[before.status]) return closed(`health is ${state.status}, was ${before.status}`)
      if (state.nodes.length < before.nodes.length) {
        return closed(`${state.nodes.length} nodes, were ${before.nodes.length}`)
      }
      return opened(`health is ${state.status}, was ${before.status}; ${state.nodes.length} nodes`)
    },
  },
  {
    name: 'credentials_accepted',
    summary: 'The node accepts the credentials that elkseal uses.',
    judge: () => opened('the credentials are accepted'),
  },
  {
    name: 'allocation_on',
    summary:
      'Shard allocation is not switched off in the cluster settings: else the replicas of a node that restarts would not come back.',
    advice: 'Set cluster.routing.allocation.enable to null, then run again',
    judge: ({ allocation }) => {
      if (allocation === undefined || allocation === 'all') return opened('shards are allocated')
      return closed(
        `cluster.routing.allocation.enable is "${allocation}": the replicas of a node that restarts would not come back`,
      )
    },
  },
  {
    name: 'one_node_down_survivable',
    summary:
      'The cluster keeps answering while one node is down: it needs three master-eligible nodes, unless only others go down. Open with outage_allowed.',
    advice: 'If it may be out for that long, run again with -e outage_allowed=true',
    judge: ({ nodes }, { outageAllowed, goingDown }) => {
      const reason = outageReason(nodes, goingDown ?? nodes.map((node) => node.name))
      if (reason === undefined) return opened('the cluster keeps answering while one node is down')
      return outageAllowed === true ? opened(`${reason} (allowed)`) : closed(reason)
    },
  },
]

export const gateNames: readonly string[] = gates.map((gate) => gate.name)

/** Those that open by themselves, sooner or later. */
export const waitedGateNames: readonly string[] = gates
  .filter((gate) => gate.advice === undefined)
  .map((gate) => gate.name)

/** Judges the named gates. Where there is no state they are all closed, for the reason why there is none. */
export function judgeGates(
  names: readonly string[],
  view: GateView,
): readonly (GateVerdict & { readonly gate: string })[] {
  return names.map((name) => {
    const gate = gates.find((candidate) => candidate.name === name)
    if (gate === undefined) return { gate: name, ...closed(`there is no gate named "${name}"`) }
    if (view.now.kind !== 'state') return { gate: name, ...closed(view.now.reason) }
    return { gate: name, ...gate.judge(view.now.state, view) }
  })
}

const ranks = { red: 0, yellow: 1, green: 2 } as const

function outageReason(nodes: readonly ClusterNode[], goingDown: readonly string[]): string | undefined {
  const names = new Set(goingDown)
  const masters = nodes.filter((node) => node.roles.includes('master'))
  if (nodes.length === 1 && goingDown.length > 0) {
    return 'this is a cluster of one node: it does not answer while the node restarts'
  }
  if (masters.length > 2 || !masters.some((node) => names.has(node.name))) return undefined
  const [one] = masters
  return masters.length === 1
    ? `only "${one?.name ?? ''}" is master-eligible: the cluster does not answer while it restarts`
    : `only ${masters.length} of the nodes are master-eligible: the cluster does not answer while one of them restarts`
}

function opened(reason: string): GateVerdict {
  return { open: true, reason }
}

function closed(reason: string): GateVerdict {
  return { open: false, reason }
}

function quoted(names: readonly string[]): string {
  return `${names.map((name) => `"${name}"`).join(', ')} ${names.length === 1 ? 'is' : 'are'}`
}
