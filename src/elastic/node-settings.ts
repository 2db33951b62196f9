import { isAbsolute, join } from 'node:path/posix'
import type { Setting } from '../yaml-settings/read-settings.ts'
import type { Scheme } from './client.ts'

/** What elasticsearch.yml says of a node, with Elasticsearch's own defaults. */
export interface NodeSettings {
  readonly clusterName: string
  readonly nodeName: string
  readonly httpPort: number
  /** Where the node's own host reaches its http. */
  readonly httpHost: string
  readonly httpScheme: Scheme
  readonly transportPort: number
  readonly transportHost: string
  readonly logFolder: string
  readonly logFile: string
}

export interface NodePlace {
  readonly home: string
  readonly hostName: string
}

/** Reads what elkseal wants to know; `${HOSTNAME}` is replaced as Elasticsearch does it. */
export function nodeSettings(settings: ReadonlyMap<string, Setting>, place: NodePlace): NodeSettings {
  const get = (name: string): string | undefined => {
    const setting = settings.get(name)
    const value =
      setting === undefined ? undefined : Array.isArray(setting.value) ? String(setting.value[0]) : setting.text
    return value === undefined || value === '' ? undefined : value.replaceAll('${HOSTNAME}', place.hostName)
  }
  const clusterName = get('cluster.name') ?? 'elasticsearch'
  const logs = get('path.logs') ?? 'logs'
  const logFolder = isAbsolute(logs) ? logs : join(place.home, logs)
  return {
    clusterName,
    nodeName: get('node.name') ?? place.hostName,
    httpPort: firstPort(get('http.port'), 9200),
    httpHost: reachable(get('http.host') ?? get('http.bind_host') ?? get('network.host') ?? get('network.bind_host')),
    httpScheme: get('xpack.security.http.ssl.enabled') === 'true' ? 'https' : 'http',
    transportPort: firstPort(get('transport.port'), 9300),
    transportHost: reachable(
      get('transport.host') ?? get('transport.bind_host') ?? get('network.host') ?? get('network.bind_host'),
    ),
    logFolder,
    logFile: join(logFolder, `${clusterName}.log`),
  }
}

/** `9200-9300` is a range of which a node takes the first free one. */
function firstPort(text: string | undefined, otherwise: number): number {
  const port = Number(/^\d+/.exec(text ?? '')?.[0])
  return Number.isInteger(port) && port > 0 ? port : otherwise
}

/** An address to connect to, from one to bind to. */
function reachable(host: string | undefined): string {
  // Names in underlines stand for the addresses of interfaces; loopback is bound with most of them.
  if (host === undefined || host === '0.0.0.0' || /^_.*_$/.test(host)) return '127.0.0.1'
  return host === '::' ? '::1' : host
}
