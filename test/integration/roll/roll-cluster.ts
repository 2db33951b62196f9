import type { IncomingMessage, ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'
import type { RollNode } from './roll-node.ts'

type Settings = Record<string, string>

/** The answers of a cluster, made of what its nodes are at that moment, and the settings that it keeps. */
export class RollCluster {
  readonly nodes: readonly RollNode[]
  persistent: Settings = {}
  transient: Settings = {}
  /** Every value that shard allocation was set to. */
  readonly allocations: (string | null)[] = []
  /** What it answers to a change of its settings. */
  settingsStatus = 200
  /** Names of the nodes that may become the master; the others hold data alone. */
  masters: readonly string[] = []

  constructor(nodes: readonly RollNode[]) {
    this.nodes = nodes
  }

  reset(): void {
    this.persistent = {}
    this.transient = {}
    this.allocations.splice(0)
    this.settingsStatus = 200
    this.masters = this.nodes.map((node) => node.name)
  }

  readonly answer = (request: IncomingMessage, response: ServerResponse): void => {
    void this.#bodyOf(request).then(({ status, body }) => {
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(JSON.stringify(body))
    })
  }

  async #bodyOf(request: IncomingMessage): Promise<{ readonly status: number; readonly body: unknown }> {
    const { pathname } = new URL(request.url ?? '/', 'https://cluster')
    if (request.method === 'PUT' && pathname === '/_cluster/settings') {
      if (this.settingsStatus !== 200) return { status: this.settingsStatus, body: {} }
      this.#set(((await json(request)) as { readonly persistent: Record<string, string | null> }).persistent)
    }
    const body = this.#look(pathname)
    return { status: body === undefined ? 404 : 200, body: body ?? {} }
  }

  #set(changes: Readonly<Record<string, string | null>>): void {
    for (const [name, value] of Object.entries(changes)) {
      if (name === 'cluster.routing.allocation.enable') this.allocations.push(value)
      if (value === null) this.persistent = without(this.persistent, name)
      else this.persistent = { ...this.persistent, [name]: value }
    }
  }

  #look(path: string): unknown {
    const nodes = this.nodes.filter((node) => node.isRunning)
    switch (path) {
      case '/_cluster/health': {
        const isSettled = !nodes.some((node) => node.has('never-settles') && node.isNew)
        return {
          cluster_name: 'roll',
          status: isSettled ? 'green' : 'yellow',
          relocating_shards: 0,
          initializing_shards: isSettled ? 0 : 2,
          unassigned_shards: 0,
          delayed_unassigned_shards: 0,
        }
      }
      case '/_nodes/_all/http': {
        const roles = (name: string) => (this.masters.includes(name) ? ['master', 'data'] : ['data'])
        const found = nodes.map(({ name }) => [name, { name, roles: roles(name), version: '9.5.0' }] as const)
        return { nodes: Object.fromEntries(found) }
      }
      case '/_cluster/state/master_node':
        return { master_node: nodes[0]?.name }
      case '/_cluster/settings':
        return { persistent: this.persistent, transient: this.transient }
      default:
        return undefined
    }
  }
}

function without(settings: Settings, name: string): Settings {
  return Object.fromEntries(Object.entries(settings).filter(([key]) => key !== name))
}
