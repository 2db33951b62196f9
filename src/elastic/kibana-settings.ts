import { TaskError, throwProblems, type Problem } from '../errors.ts'
import { readSettings, type SettingsFile } from '../yaml-settings/read-settings.ts'
import { byHttps } from './https-hosts.ts'

/** What elkseal needs to know of a Kibana's settings. The keystore wins over kibana.yml, as in Kibana. */
export interface KibanaSettings {
  /** A string where the user wrote a string. */
  readonly elasticsearchHosts: string | readonly string[]
  readonly port: number
  /** Where Kibana itself answers, as seen from its host. */
  readonly url: string
}

export interface KibanaSources {
  readonly text: string
  readonly path: string
  readonly keystore: ReadonlyMap<string, unknown>
  readonly version: string | undefined
  /** Given by the user: goes before what is found. */
  readonly wantedHosts?: readonly string[] | undefined
  readonly port?: number | undefined
}

/** Throws an InputError with the positions in kibana.yml, or a TaskError, for what would keep Kibana from starting. */
export function kibanaSettings(sources: KibanaSources): KibanaSettings {
  const file = readSettings(sources.text, sources.path)
  throwProblems(file.problems)
  const value = (name: string): unknown => sources.keystore.get(name) ?? file.settings.get(name)?.value ?? undefined
  throwProblems(forbiddenUser(sources, file, value('elasticsearch.username')))
  const port = sources.port ?? Number(value('server.port') ?? 5601)
  return { elasticsearchHosts: hostsOf(sources, value('elasticsearch.hosts')), port, url: urlOf(value, port) }
}

function hostsOf(sources: KibanaSources, found: unknown): string | readonly string[] {
  if (sources.wantedHosts !== undefined) return sources.wantedHosts
  const hosts = found ?? ['http://localhost:9200']
  const list = typeof hosts === 'string' ? [hosts] : hosts
  if (!Array.isArray(list) || !list.every((host) => typeof host === 'string')) {
    throw new TaskError(`"elasticsearch.hosts" of "${sources.path}" is no list of addresses`)
  }
  const secure = byHttps(list, { variable: 'kibana_elasticsearch_hosts' })
  return typeof hosts === 'string' ? (secure[0] ?? '') : secure
}

/** Since 8.0 Kibana refuses to start as the superuser; 7.x only warns. */
function forbiddenUser(sources: KibanaSources, file: SettingsFile, user: unknown): readonly Problem[] {
  const old = sources.version?.startsWith('7.') === true
  if (user !== 'elastic' || old) return []
  return [
    {
      message: 'Kibana must not use the user "elastic", and does not start with it',
      position: file.settings.get('elasticsearch.username')?.position,
      hint: 'Use kibana_system or a service account token',
    },
  ]
}

function urlOf(value: (name: string) => unknown, port: number): string {
  const scheme = isTrue(value('server.ssl.enabled')) ? 'https' : 'http'
  const host = textOf(value('server.host')) ?? 'localhost'
  const everywhere = ['0.0.0.0', '::', '0'].includes(host)
  const name = everywhere ? 'localhost' : host.includes(':') ? `[${host}]` : host
  const base = isTrue(value('server.rewriteBasePath')) ? (textOf(value('server.basePath')) ?? '') : ''
  return `${scheme}://${name}:${port}${base}`
}

/** Kibana takes the word for the value. */
function isTrue(value: unknown): boolean {
  return value === true || (typeof value === 'string' && value.toLowerCase() === 'true')
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined
}
