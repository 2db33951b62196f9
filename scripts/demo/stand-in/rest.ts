import type { SharedCluster } from './cluster.ts'

export interface RestRequest {
  readonly method: string
  /** Without its query. */
  readonly path: string
  readonly authorization: string | undefined
  /** Text of its body. */
  readonly body: string
}

export interface RestAnswer {
  readonly status: number
  readonly body: unknown
}

export interface RestParts {
  readonly cluster: SharedCluster
  readonly clusterName: string
  readonly version: string
  /** Of the user elastic. */
  readonly password: string | undefined
  /** So many members make a cluster. */
  readonly quorum: number
}

/** What elkseal asks of a node, in Elasticsearch's words. */
export function answer(request: RestRequest, parts: RestParts): RestAnswer {
  const refusal = refusalOf(request, parts.password)
  if (refusal !== undefined) return error(401, 'security_exception', refusal)
  const route = routes[`${request.method} ${request.path}`]
  if (route === undefined) {
    const reason = `no handler found for uri [${request.path}] and method [${request.method}]`
    return { status: 400, body: { error: reason } }
  }
  if (parts.cluster.members().length < parts.quorum) return error(503, 'master_not_discovered_exception', null)
  return { status: 200, body: route(parts, request.body) }
}

function refusalOf({ path, authorization }: RestRequest, password: string | undefined): string | undefined {
  if (authorization === undefined) return `missing authentication credentials for REST request [${path}]`
  const [user = '', ...given] = Buffer.from(authorization.replace(/^Basic /, ''), 'base64')
    .toString()
    .split(':')
  const isRight = user === 'elastic' && password !== undefined && given.join(':') === password
  return isRight ? undefined : `unable to authenticate user [${user}] for REST request [${path}]`
}

const routes: Readonly<Record<string, (parts: RestParts, body: string) => unknown>> = {
  'GET /_cluster/health': ({ cluster, clusterName }) => ({
    cluster_name: clusterName,
    status: 'green',
    timed_out: false,
    number_of_nodes: cluster.members().length,
    number_of_data_nodes: cluster.members().length,
    active_primary_shards: 0,
    active_shards: 0,
    relocating_shards: 0,
    initializing_shards: 0,
    unassigned_shards: 0,
    delayed_unassigned_shards: 0,
    indices: {},
  }),
  'GET /_nodes/_all/http': ({ cluster, version }) => ({
    nodes: Object.fromEntries(cluster.members().map(({ id, name }) => [id, { name, roles, version }])),
  }),
  'GET /_cluster/state/master_node': ({ cluster }) => ({ master_node: cluster.members()[0]?.id }),
  'GET /_cluster/settings': ({ cluster }) => ({ persistent: cluster.settings(), transient: {} }),
  'PUT /_cluster/settings': ({ cluster }, body) => {
    const { persistent = {} } = JSON.parse(body) as { readonly persistent?: Record<string, string | null> }
    cluster.changeSettings(persistent)
    return { acknowledged: true, persistent, transient: {} }
  },
  'GET /_security/_authenticate': () => ({
    username: 'elastic',
    roles: ['superuser'],
    enabled: true,
    authentication_realm: { name: 'reserved', type: 'reserved' },
    authentication_type: 'realm',
  }),
}

const roles = ['data', 'ingest', 'master', 'remote_cluster_client']

function error(status: number, type: string, reason: string | null): RestAnswer {
  return { status, body: { error: { root_cause: [{ type, reason }], type, reason }, status } }
}
