import { asError, TaskError, type ErrorDetails } from '../errors.ts'
import { httpRequest, HttpError, type HttpAnswer, type HttpRequestWords } from '../facts/http.ts'
import type { Reader } from '../facts/question.ts'
import { Secret } from '../secrets/secret.ts'

export type Scheme = 'http' | 'https'

export interface Credentials {
  readonly user: string
  readonly password: Secret
}

/** One node's REST interface as its own host reaches it. */
export interface Endpoint {
  readonly scheme: Scheme
  /** A name or address that the certificate carries. */
  readonly host: string
  readonly port: number
  /** PEM of the CAs to trust, and of no others; undefined: the controller's own. */
  readonly ca?: string | undefined
  readonly verify?: 'full' | 'certificate' | 'none' | undefined
  readonly credentials?: Credentials | undefined
  /** For one request. Default 30 000. */
  readonly timeoutMs?: number | undefined
}

/**
 * `refused`: nothing listens there; `tls`: no handshake or not verified; `other-scheme`: http asked of https or the
 * other way round; `unauthorized`: 401; `unavailable`: 503, no answer in time, or a connection that broke; `answer`:
 * any other status from 400 up.
 */
export type ElasticTrouble = 'refused' | 'tls' | 'other-scheme' | 'unauthorized' | 'unavailable' | 'answer'

export class ElasticError extends TaskError {
  readonly trouble: ElasticTrouble
  readonly status: number | undefined
  /** Elasticsearch's own word: `security_exception`. */
  readonly type: string | undefined

  constructor(
    trouble: ElasticTrouble,
    message: string,
    details: ErrorDetails & { status?: number; type?: string } = {},
  ) {
    super(message, details)
    this.trouble = trouble
    this.status = details.status
    this.type = details.type
  }

  /** Right after a start this passes: the port opens late, and 401 and 503 come for seconds although all is right. */
  get isTransient(): boolean {
    return this.trouble === 'refused' || this.trouble === 'unauthorized' || this.trouble === 'unavailable'
  }
}

export interface ElasticRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  readonly body?: unknown
}

/** A request to one node; the answer's JSON. Throws an ElasticError. Never ask for `GET /`: a 200 there proves nothing. */
export async function askElastic(reader: Reader, endpoint: Endpoint, request: ElasticRequest): Promise<unknown> {
  const answer = await send(reader, endpoint, request)
  if (answer.status >= 400) throw statusError(answer, endpoint)
  try {
    return JSON.parse(answer.body.toString('utf8')) as unknown
  } catch (thrown) {
    const message = `${place(endpoint)} answered ${request.path} with something that is not JSON`
    throw new ElasticError('answer', message, { status: answer.status, cause: thrown })
  }
}

/** The scheme a node serves, found by asking: https first. Throws an ElasticError when it serves neither. */
export async function servedScheme(reader: Reader, endpoint: Omit<Endpoint, 'scheme'>): Promise<Scheme> {
  for (const scheme of ['https', 'http'] as const) {
    try {
      await send(reader, { ...endpoint, scheme, verify: 'none' }, { path: '/_cluster/health' })
      return scheme
    } catch (thrown) {
      if (!(thrown instanceof ElasticError) || thrown.trouble !== 'other-scheme') throw thrown
    }
  }
  throw new ElasticError('tls', `Port ${endpoint.port} of "${reader.host}" speaks neither http nor https`, {
    hint: 'Check elasticsearch_http_port',
  })
}

export function place(endpoint: Pick<Endpoint, 'scheme' | 'host' | 'port'>): string {
  const host = endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host
  return `${endpoint.scheme}://${host}:${endpoint.port}`
}

/** The request as data, for an effect. */
export function requestWords(endpoint: Endpoint, request: ElasticRequest): HttpRequestWords {
  const body = request.body === undefined ? undefined : Buffer.from(JSON.stringify(request.body))
  return {
    method: request.method ?? 'GET',
    url: place(endpoint) + request.path,
    headers: headersOf(endpoint, body),
    body,
    ca: endpoint.ca,
    verify: endpoint.verify ?? 'full',
    timeoutMs: endpoint.timeoutMs ?? 30_000,
  }
}

async function send(reader: Reader, endpoint: Endpoint, request: ElasticRequest): Promise<HttpAnswer> {
  try {
    return await httpRequest(reader, requestWords(endpoint, request))
  } catch (thrown) {
    throw connectionError(thrown, endpoint)
  }
}

function headersOf(endpoint: Endpoint, body: Buffer | undefined): Record<string, string | Secret> {
  const { credentials } = endpoint
  const pair = credentials === undefined ? undefined : `${credentials.user}:${credentials.password.reveal()}`
  return {
    accept: 'application/json',
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(pair === undefined ? {} : { authorization: new Secret(`Basic ${Buffer.from(pair).toString('base64')}`) }),
  }
}

/** A TLS client at a plain port gets HTTP text for a handshake; OpenSSL's two words for it. */
const notTls = ['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG', 'ERR_SSL_HTTP_REQUEST']
/** A plain client at a TLS port gets its connection closed without an answer. */
const closedUnanswered = ['ECONNRESET', 'HPE_INVALID_CONSTANT', 'EPIPE']

function connectionError(thrown: unknown, endpoint: Endpoint): unknown {
  if (!(thrown instanceof HttpError)) return thrown
  const code = thrown.code ?? ''
  const reason = asError(thrown.cause ?? thrown).message
  if (thrown.stage === 'connect') {
    return new ElasticError('refused', `Nothing answers at ${place(endpoint)}: ${reason}`, { cause: thrown })
  }
  if (thrown.stage === 'tls' && notTls.includes(code)) {
    return new ElasticError('other-scheme', `${place(endpoint)} serves plain http`, { cause: thrown })
  }
  if (thrown.stage === 'tls') {
    return new ElasticError('tls', `The certificate of ${place(endpoint)} is not accepted: ${reason}`, {
      cause: thrown,
      hint: tlsHints.get(code),
    })
  }
  if (thrown.stage === 'protocol' && endpoint.scheme === 'http' && closedUnanswered.includes(code)) {
    const message = `${place(endpoint)} closes plain http connections; it serves https`
    return new ElasticError('other-scheme', message, { cause: thrown })
  }
  return new ElasticError('unavailable', `${place(endpoint)} gave no answer: ${reason}`, { cause: thrown })
}

const tlsHints: ReadonlyMap<string, string> = new Map([
  ['CERT_HAS_EXPIRED', 'Renew the certificates: elkseal run playbooks/renew.yml'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'Add the name to http_names or the address to http_addresses, and run again'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'The node serves a certificate of another authority than the one given'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'The node serves a certificate of another authority than the one given'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'The node serves a certificate of another authority than the one given'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'The node serves a self-signed certificate'],
])

function statusError(answer: HttpAnswer, endpoint: Endpoint): ElasticError {
  const { type, reason } = errorOf(answer.body)
  const details = { status: answer.status, ...(type === undefined ? {} : { type }) }
  const user = endpoint.credentials?.user
  if (answer.status === 401) {
    const who = user === undefined ? 'a request without credentials' : `the credentials of "${user}"`
    return new ElasticError('unauthorized', `${place(endpoint)} refuses ${who}`, {
      ...details,
      hint: 'Check elastic_user and elastic_password',
    })
  }
  if (answer.status === 503 || answer.status === 502 || answer.status === 429) {
    return new ElasticError('unavailable', `${place(endpoint)} answers ${answer.status}: ${reason}`, details)
  }
  return new ElasticError('answer', `${place(endpoint)} answers ${answer.status}: ${reason}`, details)
}

function errorOf(body: Buffer): { type?: string; reason: string } {
  const text = body.toString('utf8')
  try {
    const { error } = JSON.parse(text) as { error?: { type?: unknown; reason?: unknown } | string }
    if (typeof error === 'string') return { reason: error }
    const type = typeof error?.type === 'string' ? { type: error.type } : {}
    return { ...type, reason: typeof error?.reason === 'string' ? error.reason : text.slice(0, 200) }
  } catch {
    return { reason: text.slice(0, 200) || 'no text' }
  }
}
