import { httpRequest } from '../facts/http.ts'
import type { Reader } from '../facts/question.ts'
import { Secret } from '../secrets/secret.ts'

/** What `GET /api/status` tells: everything, its level only (no valid credentials), or why it refuses. */
export type KibanaAnswer =
  | {
      readonly kind: 'status'
      readonly level: string
      readonly version: string
      readonly elasticsearch: { readonly level: string; readonly summary: string }
    }
  | { readonly kind: 'level'; readonly level: string }
  | { readonly kind: 'refused'; readonly status: number; readonly message: string }

export interface KibanaLogin {
  readonly url: string
  readonly user: string
  readonly password: Secret
}

/**
 * Asks Kibana on its own host. Throws an HttpError when nothing answers. Its certificate is not verified: who could
 * serve another one on that host could read Kibana's own files, and the connection leaves the host only inside SSH.
 */
export async function kibanaStatus(reader: Reader, login: KibanaLogin): Promise<KibanaAnswer> {
  const basic = Buffer.from(`${login.user}:${login.password.reveal()}`).toString('base64')
  const answer = await httpRequest(reader, {
    method: 'GET',
    url: `${login.url}/api/status`,
    headers: { authorization: new Secret(`Basic ${basic}`), accept: 'application/json' },
    verify: 'none',
    timeoutMs: 15_000,
  })
  return parseStatus(answer.status, answer.body.toString())
}

interface StatusBody {
  readonly version?: { readonly number?: string }
  readonly status?: {
    readonly overall?: { readonly level?: string; readonly state?: string }
    readonly core?: { readonly elasticsearch?: { readonly level?: string; readonly summary?: string } }
  }
  readonly message?: string
}

function parseStatus(status: number, text: string): KibanaAnswer {
  const body = jsonOf(text)
  // Until it is up Kibana answers every path with 503 and a sentence.
  if (body === undefined) return { kind: 'refused', status, message: text.trim().slice(0, 200) }
  const overall = body.status?.overall
  const level = overall?.level ?? (overall?.state === 'green' ? 'available' : undefined)
  if (level === undefined) return { kind: 'refused', status, message: body.message ?? 'no status in its answer' }
  const { elasticsearch } = body.status?.core ?? {}
  if (elasticsearch === undefined) return { kind: 'level', level }
  return {
    kind: 'status',
    level,
    version: body.version?.number ?? '',
    elasticsearch: { level: elasticsearch.level ?? 'unknown', summary: elasticsearch.summary ?? '' },
  }
}

function jsonOf(text: string): StatusBody | undefined {
  try {
    const value = JSON.parse(text) as unknown
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}
