import { request as httpRequest } from 'node:http'
import { Agent, request as httpsRequest } from 'node:https'
import { checkServerIdentity } from 'node:tls'
import type { ElasticsearchConfig } from './schema.ts'
import { clientContext } from './tls-files.ts'

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: string
}

export interface Question {
  readonly method: string
  readonly path: string
  /** Of the caller; undefined: Kibana's own. */
  readonly authorization?: string | undefined
  readonly body?: string | undefined
}

/** Elasticsearch as this Kibana reaches it. The CA files are read once, at the start. */
export class Elasticsearch {
  readonly #config: ElasticsearchConfig
  readonly #agent: Agent
  #next = 0

  constructor(config: ElasticsearchConfig) {
    this.#config = config
    const { verificationMode } = config
    this.#agent = new Agent({
      ...clientContext(config),
      keepAlive: true,
      rejectUnauthorized: verificationMode !== 'none',
      checkServerIdentity: verificationMode === 'full' ? checkServerIdentity : () => undefined,
    })
  }

  close(): void {
    this.#agent.destroy()
  }

  /** The hosts take turns; a host that does not answer is followed by the next. */
  async ask(question: Question): Promise<Answer> {
    const { hosts } = this.#config
    let last: unknown
    for (let tries = 0; tries < hosts.length; tries++) {
      const host = hosts[this.#next % hosts.length] ?? ''
      try {
        return await this.#askOne(host, question)
      } catch (thrown) {
        last = thrown
        this.#next++
      }
    }
    throw last
  }

  #askOne(host: string, { method, path, authorization, body }: Question): Promise<Answer> {
    const base = new URL(host)
    const url = new URL(`${base.pathname.replace(/\/$/, '')}${path}`, base)
    const isTls = url.protocol === 'https:'
    return new Promise((resolve, reject) => {
      const outgoing = (isTls ? httpsRequest : httpRequest)(url, {
        method,
        ...(isTls ? { agent: this.#agent } : {}),
        timeout: 10_000,
        headers: {
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...this.#login(authorization),
        },
      })
      outgoing.once('timeout', () => outgoing.destroy(new Error('Request timed out')))
      outgoing.once('error', reject)
      outgoing.once('response', (incoming) => {
        const parts: Buffer[] = []
        incoming.on('data', (part: Buffer) => parts.push(part))
        incoming.once('error', reject)
        incoming.once('end', () =>
          resolve({
            status: incoming.statusCode ?? 0,
            headers: incoming.headers,
            body: Buffer.concat(parts).toString(),
          }),
        )
      })
      outgoing.end(body)
    })
  }

  #login(authorization: string | undefined): Record<string, string> {
    const { username, password, serviceAccountToken } = this.#config
    if (authorization !== undefined) return { authorization }
    if (serviceAccountToken !== undefined) return { authorization: `Bearer ${serviceAccountToken}` }
    if (username === undefined) return {}
    return { authorization: `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}` }
  }
}

/** The client library's sentence for an answer that is an error. */
export function errorText(answer: Answer): string {
  try {
    const { error } = JSON.parse(answer.body) as {
      error: { type: string; reason: string; root_cause?: readonly Cause[] }
    }
    const causes = (error.root_cause ?? []).map(({ type, reason }) => `\n\t\t${type}: ${reason}`)
    return `${error.type}\n\tRoot causes:${causes.join('')}`
  } catch {
    return `Response Error ${answer.status}`
  }
}

interface Cause {
  readonly type: string
  readonly reason: string
}
