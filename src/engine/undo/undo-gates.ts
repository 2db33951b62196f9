import type { Play, RawMap } from '../../playbook/playbook.ts'
import { implicitTask } from '../implicit-task.ts'
import type { RunContext } from '../run-context.ts'
import { runTask } from '../run-task.ts'
import type { TaskPlace } from '../task-scope.ts'
import type { UndoStage } from './undo-plan.ts'

/** The gates that the run's rolls had between their hosts, on the way back. */
export interface UndoGates {
  /** Waits until they are open again. False when they stay closed: then the way back stops. */
  openAfter(stage: UndoStage): Promise<boolean>
}

/**
 * Compares with the cluster as it is now. One that cannot be looked at, or is not whole, is what a rollback may have to
 * mend: then nothing is waited for, and that is told.
 */
export async function openUndoGates(context: RunContext, play: Play, plan: readonly UndoStage[]): Promise<UndoGates> {
  const gated = plan.flat().filter((group) => group.gates.length > 0)
  const hosts = [...new Set(gated.map((group) => group.host))]
  const ask = (host: string, name: string, module: string, args: RawMap) =>
    runTask(context, taskOf(play, { name, module, args }), host, placeOf(play, hosts))
  const none: UndoGates = { openAfter: async () => true }
  const [first] = gated
  if (first === undefined) return none
  for (const host of hosts) await ask(host, 'Where Elasticsearch is installed', 'elasticsearch_facts', factsArguments)
  // A run that was killed may have left it held back: then no gate would open.
  await ask(first.host, 'Shard allocation as it was found', 'shard_allocation', { state: 'restored', timeout })
  const before = await ask(first.host, 'The cluster before', 'cluster_snapshot', { timeout })
  const now = await ask(first.host, 'Gates before', 'cluster_gate', { gates: [...first.gates], timeout })
  if (before.status !== 'ok' || now.status !== 'ok') {
    const message = 'The cluster is not whole: its nodes are put back one after the other, without waiting for it'
    context.listen({ event: 'notice', level: 'warning', message })
    return none
  }
  const snapshot = before.facts
  return {
    openAfter: async (stage) => {
      const group = stage.find(({ gates }) => gates.length > 0)
      if (group === undefined) return true
      Object.assign(context.hosts.get(group.host)?.facts ?? {}, snapshot)
      const after = await ask(group.host, 'Gates after', 'cluster_gate', { gates: [...group.gates] })
      return after.status === 'ok'
    },
  }
}

/** Seconds. Who rolls back has no time to wait for a cluster that is down. */
const timeout = '{{ [15, gate_timeout | default(15) | int] | min }}'

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
