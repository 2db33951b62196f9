import * as z from 'zod'
import type { ClusterState } from '../elastic/cluster-state.ts'
import { gateNames, gates, judgeGates, type GateView } from '../elastic/gates.ts'
import { anything, bool, int, textList } from './argument-types.ts'
import { snapshotFrom, viewNode } from './cluster-snapshot.ts'
import { endpointArguments, isFreshlyStarted, nodeEndpoint, type NodeEndpoint } from './elasticsearch-endpoint.ts'
import { defineModule, type Look, type Probe } from './module.ts'
import { contextVariables, variableOf } from './task-variables.ts'

export const clusterGate = defineModule({
  name: 'cluster_gate',
  aliases: ['elkseal.elastic.cluster_gate'],
  summary: 'Waits until the named conditions hold for the cluster, and says in words which one does not.',
  examples: `
- name: The cluster is whole again
  cluster_gate:
    gates: [all_nodes_joined, no_red_index, shards_settled, not_worse_than_before]
    timeout: 600
`,
  args: z.strictObject({
    gates: textList()
      .default(['all_nodes_joined', 'no_red_index', 'shards_settled'])
      .describe(`Conditions that must hold. ${gates.map((gate) => `${gate.name}: ${gate.summary}`).join(' ')}`),
    before: anything().optional().describe('What cluster_snapshot registered. Default: the last snapshot.'),
    outage_allowed: bool()
      .optional()
      .describe('Opens one_node_down_survivable for a cluster too small for it. Default: the variable outage_allowed.'),
    nodes: textList()
      .optional()
      .describe('For one_node_down_survivable: names of the nodes that are to go down. Default: all of the cluster.'),
    timeout: int().optional().describe('Seconds to wait. Default: the variable gate_timeout, else 600.'),
    ...endpointArguments,
  }),
  inspect: async () => undefined,
  decide: (_, args, context) => {
    const unknown = args.gates.find((name) => !gateNames.includes(name))
    if (unknown !== undefined) {
      return { kind: 'fail', message: `There is no gate named "${unknown}"`, hint: `Gates: ${gateNames.join(', ')}` }
    }
    const variables = contextVariables(context)
    const endpoint = nodeEndpoint(args, variables)
    const wanted: Wanted = {
      gates: args.gates,
      before: snapshotFrom(args.before ?? variableOf(context, 'elasticsearch_cluster_before')),
      outageAllowed: args.outage_allowed ?? isTrue(variableOf(context, 'outage_allowed')),
      goingDown: args.nodes,
    }
    return {
      kind: 'wait',
      what: args.gates.join(', '),
      timeoutMs: (args.timeout ?? variables.number('gate_timeout') ?? defaultTimeout) * 1000,
      intervalMs: 2000,
      probe: (look) => probe(look, endpoint, wanted),
    }
  },
})

const defaultTimeout = 600

interface Wanted {
  readonly gates: readonly string[]
  readonly before: ClusterState | undefined
  readonly outageAllowed: boolean
  readonly goingDown: readonly string[] | undefined
}

/** Of -e name=value it is a text. */
function isTrue(value: unknown): boolean {
  return value === true || (typeof value === 'string' && ['true', 'yes', 'on', '1'].includes(value.toLowerCase()))
}

async function probe(look: Look, endpoint: NodeEndpoint, wanted: Wanted): Promise<Probe> {
  const { view } = await viewNode(look, endpoint)
  const { before, outageAllowed, goingDown } = wanted
  const gateView: GateView = { now: view, before, outageAllowed, goingDown }
  const verdicts = judgeGates(wanted.gates, gateView)
  const result = { gates: verdicts }
  const closed = verdicts.filter((verdict) => !verdict.open)
  if (closed.length === 0) {
    return { done: true, reason: verdicts.map((verdict) => verdict.reason).join(', '), result }
  }
  if (view.kind === 'state') {
    const found = closed.map(({ gate, reason }) => `${gate}: ${reason}`).join('; ')
    const advice = closed.flatMap(({ gate }) => gates.find(({ name }) => name === gate)?.advice ?? [])
    if (advice.length === 0) return { done: false, found }
    return { done: false, found: [found, ...advice].join('. '), final: true }
  }
  const final = view.kind === 'rejected' ? !(await isFreshlyStarted(look, endpoint)) : !view.isTransient
  return { done: false, found: view.hint === undefined ? view.reason : `${view.reason}. ${view.hint}`, final }
}
