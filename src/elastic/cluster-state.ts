import type { Reader } from '../facts/question.ts'
import { askElastic, ElasticError, type Endpoint } from './client.ts'

export type Health = 'green' | 'yellow' | 'red'

export interface ClusterNode {
  readonly name: string
  readonly roles: readonly string[]
  readonly version: string
  readonly isElectedMaster: boolean
}

/** One look at a cluster through one node: plain data that can be kept in a variable and compared later. */
export interface ClusterState {
  readonly clusterName: string
  readonly status: Health
  readonly nodes: readonly ClusterNode[]
  readonly relocatingShards: number
  readonly initializingShards: number
  readonly unassignedShards: number
  /** Unassigned, and waiting for a node that left to come back. */
  readonly delayedShards: number
  /** Indices that lack a primary shard; asked for only when the cluster is red. */
  readonly redIndices: readonly string[]
  /** `cluster.routing.allocation.enable` where it is set, else undefined: `all`. */
  readonly allocation: string | undefined
}

/** What a look came to: a state, or why there is none. */
export type ClusterView =
  | { readonly kind: 'state'; readonly state: ClusterState }
  | { readonly kind: 'rejected'; readonly reason: string; readonly hint?: string | undefined }
  | {
      readonly kind: 'silent'
      readonly reason: string
      readonly hint?: string | undefined
      /** False when waiting cannot help. */
      readonly isTransient: boolean
    }

/** Four requests to one node. Throws an ElasticError. */
export async function clusterState(reader: Reader, endpoint: Endpoint): Promise<ClusterState> {
  const [health, nodes, master, settings] = await Promise.all(
    [
      '/_cluster/health',
      '/_nodes/_all/http?filter_path=nodes.*.name,nodes.*.roles,nodes.*.version',
      '/_cluster/state/master_node?filter_path=master_node',
      '/_cluster/settings?flat_settings=true',
    ].map(async (path) => asMap(await askElastic(reader, endpoint, { path }))),
  )
  const status = healthOf(health?.['status'])
  return {
    clusterName: textOf(health?.['cluster_name']),
    status,
    nodes: Object.entries(asMap(nodes?.['nodes']))
      .map(([id, node]) => nodeOf(asMap(node), id === master?.['master_node']))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
    relocatingShards: numberOf(health?.['relocating_shards']),
    initializingShards: numberOf(health?.['initializing_shards']),
    unassignedShards: numberOf(health?.['unassigned_shards']),
    delayedShards: numberOf(health?.['delayed_unassigned_shards']),
    redIndices: status === 'red' ? await redIndices(reader, endpoint) : [],
    allocation: allocationOf(asMap(settings)),
  }
}

/** The same as a value: nothing that a node can answer is an exception. */
export async function viewCluster(reader: Reader, endpoint: Endpoint): Promise<ClusterView> {
  try {
    return { kind: 'state', state: await clusterState(reader, endpoint) }
  } catch (thrown) {
    if (!(thrown instanceof ElasticError)) throw thrown
    const { message: reason, hint, isTransient } = thrown
    if (thrown.trouble === 'unauthorized') return { kind: 'rejected', reason, hint }
    return { kind: 'silent', reason, hint, isTransient }
  }
}

async function redIndices(reader: Reader, endpoint: Endpoint): Promise<readonly string[]> {
  const path = '/_cluster/health?level=indices&filter_path=indices.*.status'
  const { indices } = asMap(await askElastic(reader, endpoint, { path }))
  return Object.entries(asMap(indices))
    .filter(([, index]) => asMap(index)['status'] === 'red')
    .map(([name]) => name)
    .sort()
}

function nodeOf(node: Record<string, unknown>, isElectedMaster: boolean): ClusterNode {
  const roles = Array.isArray(node['roles']) ? node['roles'].map(textOf) : []
  return { name: textOf(node['name']), roles, version: textOf(node['version']), isElectedMaster }
}

function allocationOf(settings: Record<string, unknown>): string | undefined {
  const name = 'cluster.routing.allocation.enable'
  // Transient settings win over persistent ones.
  const value = asMap(settings['transient'])[name] ?? asMap(settings['persistent'])[name]
  return typeof value === 'string' ? value : undefined
}

function healthOf(value: unknown): Health {
  if (value === 'green' || value === 'yellow' || value === 'red') return value
  throw new ElasticError('answer', `The cluster answers without a health status: ${JSON.stringify(value) ?? 'nothing'}`)
}

function asMap(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0
}
