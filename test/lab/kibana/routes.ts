import { randomUUID } from 'node:crypto'
import type { Answer, Elasticsearch } from './elasticsearch.ts'
import { toKibanaRole, toRole, unknownFeatures, type KibanaRole } from './roles.ts'
import type { Monitor } from './monitor.ts'

export interface Incoming {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: string
}

export interface Outgoing {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

export interface Kibana {
  readonly name: string
  readonly version: string
  readonly elasticsearch: Elasticsearch
  readonly monitor: Monitor
  /** `http.server.Preboot` until Elasticsearch answered for the first time. */
  isReady(): boolean
}

const uuid = randomUUID()

/** What a request gets. Only what an orchestrator asks of Kibana; the rest is 404. */
export async function route(kibana: Kibana, request: Incoming): Promise<Outgoing> {
  if (!kibana.isReady()) {
    if (request.path === '/api/status') return { status: 503, body: { status: { overall: { level: 'unavailable' } } } }
    return { status: 503, headers: { 'retry-after': '30' }, body: 'Kibana server is not ready yet' }
  }
  if (request.path === '/api/status') return status(kibana, request)
  if (request.method !== 'GET' && request.headers['kbn-xsrf'] === undefined) {
    return problem(400, 'Bad Request', 'Request must contain a kbn-xsrf header.')
  }
  const role = /^\/api\/security\/role\/([^/]+)$/.exec(request.path)?.[1]
  if (role !== undefined) return roleRoute(kibana, request, decodeURIComponent(role))
  if (request.path === '/api/saved_objects/_import' && request.method === 'POST') return importObjects(kibana, request)
  return problem(404, 'Not Found', 'Not Found')
}

async function status(kibana: Kibana, request: Incoming): Promise<Outgoing> {
  const level = kibana.monitor.level()
  const code = level === 'unavailable' || level === 'critical' ? 503 : 200
  const overall = { level, summary: kibana.monitor.summary() }
  if (request.headers['authorization'] === undefined) return { status: code, body: { status: { overall: { level } } } }
  const user = await authenticate(kibana, request)
  // With Elasticsearch away nobody can be asked: the answer is the short one.
  if (user === undefined) return { status: code, body: { status: { overall: { level } } } }
  if (user.status !== 200) return { status: user.status, body: jsonOf(user.body) }
  const service = { level, summary: kibana.monitor.summary() }
  return {
    status: code,
    body: {
      name: kibana.name,
      uuid,
      version: { number: kibana.version, build_hash: '0'.repeat(40), build_number: 1, build_snapshot: false },
      status: { overall, core: { elasticsearch: service, savedObjects: service }, plugins: {} },
      metrics: {},
    },
  }
}

async function roleRoute(kibana: Kibana, request: Incoming, name: string): Promise<Outgoing> {
  const path = `/_security/role/${encodeURIComponent(name)}`
  const authorization = header(request, 'authorization')
  const ask = (method: string, body?: unknown) =>
    kibana.elasticsearch.ask({
      method,
      path,
      authorization: authorization ?? 'none',
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  if (request.method === 'GET') {
    const found = await ask('GET')
    if (found.status !== 200) return passOn(found)
    const stored = (jsonOf(found.body) as Record<string, Parameters<typeof toKibanaRole>[1]>)[name]
    return stored === undefined
      ? problem(404, 'Not Found', 'Not Found')
      : { status: 200, body: toKibanaRole(name, stored) }
  }
  if (request.method === 'DELETE') {
    const gone = await ask('DELETE')
    return gone.status === 200 ? { status: 204 } : passOn(gone)
  }
  if (request.method !== 'PUT') return problem(404, 'Not Found', 'Not Found')
  const wanted = jsonOf(request.body) as KibanaRole
  const unknown = unknownFeatures(wanted)
  if (unknown.length > 0) {
    const text = `Role cannot be updated due to validation errors: [${unknown.join(', ')}] are not known features.`
    return problem(400, 'Bad Request', text)
  }
  if (request.query.get('createOnly') === 'true' && (await ask('GET')).status === 200) {
    return problem(409, 'Conflict', `Role already exists and cannot be created: ${name}`)
  }
  const done = await ask('PUT', toRole(wanted))
  return done.status === 200 ? { status: 204 } : passOn(done)
}

async function importObjects(kibana: Kibana, request: Incoming): Promise<Outgoing> {
  const user = await authenticate(kibana, request)
  if (user?.status !== 200)
    return user === undefined ? problem(503, 'Service Unavailable', 'no Elasticsearch') : passOn(user)
  const { roles } = jsonOf(user.body) as { roles: readonly string[] }
  if (!roles.some((role) => role === 'kibana_admin' || role === 'superuser')) {
    return problem(403, 'Forbidden', 'Unable to bulk_create dashboard')
  }
  return { status: 200, body: { success: true, successCount: 1 } }
}

/** Elasticsearch decides about the caller's credentials; undefined when it cannot be reached. */
async function authenticate(kibana: Kibana, request: Incoming): Promise<Answer | undefined> {
  const authorization = header(request, 'authorization') ?? 'none'
  try {
    return await kibana.elasticsearch.ask({ method: 'GET', path: '/_security/_authenticate', authorization })
  } catch {
    return undefined
  }
}

function passOn(answer: Answer): Outgoing {
  const words = { 401: 'Unauthorized', 403: 'Forbidden', 404: 'Not Found' }
  const body = jsonOf(answer.body) as { error?: { reason?: string } } | undefined
  const word = words[answer.status as keyof typeof words] ?? 'Bad Request'
  return problem(answer.status, word, body?.error?.reason ?? word)
}

function problem(status: number, error: string, message: string): Outgoing {
  return { status, body: { statusCode: status, error, message } }
}

function header(request: Incoming, name: string): string | undefined {
  const value = request.headers[name]
  return typeof value === 'string' ? value : undefined
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
