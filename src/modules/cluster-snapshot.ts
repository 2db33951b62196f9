import * as z from 'zod'
import { ElasticError, servedScheme } from '../elastic/client.ts'
import { viewCluster, type ClusterState, type ClusterView } from '../elastic/cluster-state.ts'
import { int } from './argument-types.ts'
import {
  endpointArguments,
  isFreshlyStarted,
  nodeEndpoint,
  withScheme,
  type NodeEndpoint,
} from './elasticsearch-endpoint.ts'
import { defineModule, type Look, type Probe } from './module.ts'
import { contextVariables } from './task-variables.ts'

export const clusterSnapshot = defineModule({
  name: 'cluster_snapshot',
  aliases: ['elkseal.elastic.cluster_snapshot'],
  summary:
    'Looks at the cluster through one node, by http or https, whichever it serves, and keeps what it saw for later comparison.',
  examples: `
- name: The cluster answers and the credentials work
  cluster_snapshot:
    user: elastic
    password: '{{ elastic_password }}'
  run_once: true
`,
  args: z.strictObject({
    ...endpointArguments,
    timeout: int().default(60).describe('Seconds to wait for a node that has just started.'),
  }),
  inspect: async () => undefined,
  decide: (_, args, context) => {
    const endpoint = nodeEndpoint(args, contextVariables(context))
    return {
      kind: 'wait',
      what: `the cluster of "${context.host}" to answer`,
      timeoutMs: args.timeout * 1000,
      intervalMs: 1000,
      probe: (look) => probe(look, endpoint),
    }
  },
})

async function probe(look: Look, endpoint: NodeEndpoint): Promise<Probe> {
  const { view, scheme, verified } = await viewNode(look, endpoint)
  if (view.kind === 'state') {
    const { state } = view
    const master = state.nodes.find((node) => node.isElectedMaster)?.name ?? ''
    return {
      done: true,
      reason: `"${state.clusterName}" is ${state.status}, ${state.nodes.length} nodes by ${scheme}`,
      facts: { elasticsearch_cluster_before: state },
      result: { cluster: state, master, scheme, verified, node_count: state.nodes.length, health: state.status },
    }
  }
  const found = view.hint === undefined ? view.reason : `${view.reason}. ${view.hint}`
  const final = view.kind === 'rejected' ? !(await isFreshlyStarted(look, endpoint)) : !view.isTransient
  return { done: false, found, final }
}

/** What a node shows of its cluster, by whatever it serves. */
export async function viewNode(
  look: Look,
  endpoint: NodeEndpoint,
): Promise<{ readonly view: ClusterView; readonly scheme: string; readonly verified: boolean }> {
  try {
    const scheme = await servedScheme(look.host, endpoint)
    const known = await withScheme(look, endpoint, scheme)
    const view = await viewCluster(look.host, known)
    const unknownCa = scheme === 'https' && !endpoint.isCaGiven && view.kind === 'silent' && !view.isTransient
    if (!unknownCa) return { view, scheme, verified: scheme === 'https' }
    // Https from before elkseal, by an authority nobody told us: the way there is inside the SSH connection.
    return { view: await viewCluster(look.host, { ...known, verify: 'none' }), scheme, verified: false }
  } catch (thrown) {
    if (!(thrown instanceof ElasticError)) throw thrown
    const { message: reason, hint, isTransient } = thrown
    return { view: { kind: 'silent', reason, hint, isTransient }, scheme: '', verified: false }
  }
}

/** A snapshot that was kept in a variable. */
export function snapshotFrom(value: unknown): ClusterState | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const state = 'cluster' in value ? value.cluster : value
  return typeof state === 'object' && state !== null && 'nodes' in state && 'status' in state
    ? (state as ClusterState)
    : undefined
}
