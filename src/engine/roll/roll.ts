import type { ClusterNode, ClusterState } from '../../elastic/cluster-state.ts'
import { restartOrder } from '../../elastic/restart-order.ts'
import type { Play, Task } from '../../playbook/playbook.ts'
import { implicitTask, type ImplicitTask } from '../implicit-task.ts'
import type { RunContext } from '../run-context.ts'

/**
 * The order of a rolling change, by what cluster_snapshot saw of each node. A host of which nothing is known keeps its
 * place in the inventory's order.
 */
export function rollOrder(context: RunContext, play: Play, hosts: readonly string[]): readonly string[] {
  if (play.roll?.order !== 'elastic') return hosts
  const nodes = hosts.map((host) => ({ host, ...nodeOf(context.hosts.get(host)?.facts ?? {}) }))
  return restartOrder(nodes).map((node) => node.host)
}

/** The snapshot may be one host's for all (run_once): each finds itself in it by its node name. */
function nodeOf(facts: Readonly<Record<string, unknown>>): Pick<ClusterNode, 'roles' | 'isElectedMaster'> {
  const snapshot = facts['elasticsearch_cluster_before'] as ClusterState | undefined
  const found = snapshot?.nodes.find((node) => node.name === facts['elasticsearch_node_name'])
  return found ?? { roles: [], isElectedMaster: false }
}

export interface RollTasks {
  readonly before: readonly Task[]
  /** Done after each batch, whatever became of it. */
  readonly restore: readonly Task[]
  readonly after: readonly Task[]
}

/** The gates of a roll as tasks around each batch: closed gates are waited for, and stop the roll when time is up. */
export function rollTasks(play: Play): RollTasks {
  const { roll } = play
  if (roll === undefined) return { before: [], restore: [], after: [] }
  const implicit = (task: Omit<ImplicitTask, 'position' | 'runOnce'>) =>
    implicitTask(play, { ...task, position: roll.position, runOnce: true })
  const gate = (name: string) =>
    roll.gates.length === 0 ? [] : [implicit({ name, module: 'cluster_gate', args: { gates: [...roll.gates] } })]
  const restored = { module: 'shard_allocation', args: { state: 'restored' }, changedWhen: ['false'] }
  return {
    before: gate('Gates before the batch'),
    restore:
      roll.shardAllocation === 'restored' ? [implicit({ name: 'Shard allocation as it was found', ...restored })] : [],
    after: gate('Gates after the batch'),
  }
}
