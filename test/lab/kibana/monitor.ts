import { errorText, type Elasticsearch } from './elasticsearch.ts'
import type { Log } from './log.ts'

const path = '/_nodes?filter_path=nodes.*.version,nodes.*.http.publish_address,nodes.*.ip'

type Found =
  { readonly kind: 'waiting' } | { readonly kind: 'good' } | { readonly kind: 'bad'; readonly message: string }

/** Asks Elasticsearch for its nodes' versions: every half second until it works, then every two and a half. */
export class Monitor {
  readonly #elasticsearch: Elasticsearch
  readonly #version: string
  readonly #log: Log
  #found: Found = { kind: 'waiting' }
  #stopped = false
  /** Once Elasticsearch was seen, Kibana is no longer in its start. */
  everGood = false

  constructor(elasticsearch: Elasticsearch, version: string, log: Log) {
    this.#elasticsearch = elasticsearch
    this.#version = version
    this.#log = log
  }

  level(): 'available' | 'unavailable' | 'critical' {
    if (this.#found.kind === 'good') return 'available'
    return this.everGood ? 'critical' : 'unavailable'
  }

  summary(): string {
    if (this.#found.kind === 'good') return 'Elasticsearch is available'
    if (this.#found.kind === 'waiting') return 'Waiting for Elasticsearch'
    return this.#found.message
  }

  /** Resolves when Elasticsearch was seen for the first time; goes on looking. `lost` is called for another product. */
  start(lost: (error: Error) => void): Promise<void> {
    return new Promise((resolve) => {
      const look = async () => {
        if (this.#stopped) return
        await this.#look(lost)
        if (this.#found.kind === 'good' && !this.everGood) {
          this.everGood = true
          resolve()
        }
        setTimeout(() => void look(), this.#found.kind === 'good' ? 2500 : 500)
      }
      void look()
    })
  }

  stop(): void {
    this.#stopped = true
  }

  async #look(lost: (error: Error) => void): Promise<void> {
    try {
      const answer = await this.#elasticsearch.ask({ method: 'GET', path })
      if (answer.status !== 200) {
        this.#note(errorText(answer))
        return
      }
      if (answer.headers['x-elastic-product'] !== 'Elasticsearch') {
        lost(
          new Error(
            'ProductNotSupportedError: The client noticed that the server is not Elasticsearch and we do not support this unknown product.',
          ),
        )
        return
      }
      this.#judge(answer.body)
    } catch (thrown) {
      this.#note((thrown as Error).message)
    }
  }

  #judge(body: string): void {
    const { nodes = {} } = JSON.parse(body) as { nodes?: Record<string, Node> }
    const wrong = Object.values(nodes).filter((node) => !fits(this.#version, node.version))
    if (wrong.length === 0) {
      this.#found = { kind: 'good' }
      return
    }
    const list = wrong
      .map((node) => `v${node.version} @ ${node.http?.publish_address ?? ''} (${node.ip ?? ''})`)
      .join(', ')
    const text = `This version of Kibana (v${this.#version}) is incompatible with the following Elasticsearch nodes in your cluster`
    this.#found = { kind: 'bad', message: `${text}: ${list}` }
    this.#log.error('elasticsearch-service', `${text}: ${list}`)
  }

  /** A message is logged when it is another one than before. */
  #note(message: string): void {
    const text = `Unable to retrieve version information from Elasticsearch nodes. ${message}`
    const same = this.#found.kind === 'bad' && this.#found.message === text
    this.#found = { kind: 'bad', message: text }
    if (!same) this.#log.error('elasticsearch-service', text)
  }
}

interface Node {
  readonly version: string
  readonly ip?: string
  readonly http?: { readonly publish_address?: string }
}

/** The same major, and Elasticsearch not older in minor; another patch only warns. */
function fits(kibana: string, node: string): boolean {
  const [major, minor = 0] = kibana.split('.').map(Number)
  const [nodeMajor, nodeMinor = 0] = node.split('.').map(Number)
  return major === nodeMajor && nodeMinor >= minor
}
