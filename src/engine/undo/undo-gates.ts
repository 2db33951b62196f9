import type { ClusterState } from '../../elastic/cluster-state.ts'
import type { Play, RawMap } from '../../playbook/playbook.ts'
import { implicitTask } from '../implicit-task.ts'
import type { RunContext } from '../run-context.ts'
import { runTask } from '../run-task.ts'
import type { TaskPlace } from '../task-scope.ts'
import type { UndoGroup, UndoStage } from './undo-plan.ts'

/** The gates that the run's rolls had between their hosts, on the way back. */
export interface UndoGates {
  /** Whether Elasticsearch was found there and did not run. */
  isDown(host: string): boolean
  /** Waits until they are open again. False when they stay closed: then the way back stops. */
  openAfter(stage: UndoStage): Promise<boolean>
}

/**
 * Compares with the cluster as it is now. One that is not whole is what a rollback may have to mend: then each host is
 * given a while, and gone on from all the same, until the cluster is whole.
 */
export async function openUndoGates(context: RunContext, play: Play, plan: readonly UndoStage[]): Promise<UndoGates> {
  const gated = plan.flat().filter((group) => group.gates.length > 0)
  const hosts = [...new Set(gated.map((group) => group.host))]
  const ask: Ask = (host, name, module, args) =>
    runTask(context, taskOf(play, { name, module, args }), host, placeOf(play, hosts))
  const compareWith = (host: string, snapshot: Snapshot) => {
    Object.assign(context.hosts.get(host)?.facts ?? {}, snapshot)
  }
  const [first] = gated
  if (first === undefined) return { isDown: () => false, openAfter: async () => true }
  for (const host of hosts) await ask(host, 'Where Elasticsearch is installed', 'elasticsearch_facts', factsArguments)
  const down = new Set(hosts.filter((host) => context.hosts.get(host)?.facts['elasticsearch_running'] === false))
  const asked = gated.find(({ host }) => !down.has(host)) ?? first
  // A run that was killed may have left it held back: then no gate would open.
  await ask(asked.host, 'Shard allocation as it was found', 'shard_allocation', { state: 'restored', timeout })
  let whole = down.size > 0 ? undefined : await wholeBefore(ask, asked)
  if (whole === undefined) tell(context, 'warning', notWhole)
  return {
    isDown: (host) => down.has(host),
    openAfter: async (stage) => {
      const group = stage.find(({ gates }) => gates.length > 0)
      if (group === undefined) return true
      if (whole === undefined) {
        whole = await wholeAfter(ask, group, compareWith)
        if (whole !== undefined)
          tell(context, 'info', 'The cluster is whole: from here on it has to be, after each host')
        return true
      }
      compareWith(group.host, whole)
      const after = await ask(group.host, 'Gates after', 'cluster_gate', { gates: [...group.gates] })
      return after.status === 'ok'
    },
  }
}

type Ask = (host: string, name: string, module: string, args: RawMap) => ReturnType<typeof runTask>

/** What later looks are compared with. */
type Snapshot = Awaited<ReturnType<Ask>>['facts']

const notWhole =
  'The cluster is not whole: its nodes are put back one after the other; each is given a minute if the cluster answers, and no more'

async function wholeBefore(ask: Ask, { host, gates }: UndoGroup): Promise<Snapshot | undefined> {
  const before = await ask(host, 'The cluster before', 'cluster_snapshot', { timeout })
  const now = await ask(host, 'Gates before', 'cluster_gate', { gates: [...gates], timeout })
  return before.status === 'ok' && now.status === 'ok' ? before.facts : undefined
}

/** Its shards have to come back before the next node goes down, or those that are on both would be gone. */
async function wholeAfter(
  ask: Ask,
  { host, gates }: UndoGroup,
  compareWith: (host: string, snapshot: Snapshot) => void,
): Promise<Snapshot | undefined> {
  const answer = await ask(host, 'Whether the cluster answers', 'cluster_snapshot', { timeout })
  if (answer.status !== 'ok') return undefined
  const state = answer.facts[snapshotFact] as ClusterState | undefined
  // As it is at this moment it may lack all that has yet to come back.
  compareWith(host, { [snapshotFact]: { ...state, unassignedShards: 0 } })
  const now = await ask(host, 'Gates after', 'cluster_gate', { gates: [...gates], timeout: patience })
  if (now.status !== 'ok') return undefined
  const after = await ask(host, 'The cluster from now on', 'cluster_snapshot', { timeout })
  return after.status === 'ok' ? after.facts : undefined
}

const snapshotFact = 'elasticsearch_cluster_before'

function tell(context: RunContext, level: 'info' | 'warning', message: string): void {
  context.listen({ event: 'notice', level, message })
}

/** Seconds. Who rolls back has no time to wait for a cluster that is down. */
const timeout = '{{ [15, gate_timeout | default(15) | int] | min }}'
const patience = '{{ [60, gate_timeout | default(60) | int] | min }}'

/** As in the shipped playbooks. */
const factsArguments: RawMap = Object.fromEntries(
  ['home', 'path_conf', 'service', 'user', 'group', 'http_host', 'http_port'].map((name) => [
    name,
    `{{ elasticsearch_${name} | default(omit) }}`,
  ]),
)

function taskOf(play: Play, task: { readonly name: string; readonly module: string; readonly args: RawMap }) {
  return implicitTask(play, { ...task, position: play.position })
}

function placeOf(play: Play, hosts: readonly string[]): TaskPlace {
  return { play, varsFiles: [], inherited: play.common, playHosts: hosts, batchHosts: hosts }
}
