import { ConfigError } from './config-error.ts'
import type { Settings } from './settings.ts'

/** What the stand-in needs of a validated configuration. */
export interface Config {
  readonly elasticsearch: ElasticsearchConfig
  readonly server: ServerConfig
  readonly pidFile: string | undefined
}

export interface ElasticsearchConfig {
  readonly hosts: readonly string[]
  readonly username: string | undefined
  readonly password: string | undefined
  readonly serviceAccountToken: string | undefined
  readonly verificationMode: 'full' | 'certificate' | 'none'
  readonly certificateAuthorities: readonly string[]
  readonly certificate: string | undefined
  readonly key: string | undefined
  readonly keyPassphrase: string | undefined
  readonly keystore: Store | undefined
  readonly truststore: Store | undefined
}

export interface ServerConfig {
  readonly name: string
  readonly host: string
  readonly port: number
  readonly protocol: 'http1' | 'http2'
  readonly basePath: string
  readonly rewriteBasePath: boolean
  readonly tls: TlsConfig | undefined
  readonly redirectHttpFromPort: number | undefined
}

export interface TlsConfig {
  readonly certificate: string | undefined
  readonly key: string | undefined
  readonly keyPassphrase: string | undefined
  readonly keystore: Store | undefined
  readonly certificateAuthorities: readonly string[]
  readonly clientAuthentication: 'none' | 'optional' | 'required'
}

export interface Store {
  readonly path: string
  readonly password: string | undefined
}

const elasticsearchKeys = [
  ...[
    'hosts',
    'username',
    'password',
    'serviceAccountToken',
    'sniffOnStart',
    'sniffInterval',
    'sniffOnConnectionFault',
  ],
  ...['maxSockets', 'maxIdleSockets', 'idleSocketTimeout', 'maxResponseSize', 'compression', 'customHeaders'],
  ...['requestHeadersWhitelist', 'requestTimeout', 'pingTimeout', 'shardTimeout', 'logQueries', 'apiVersion'],
  ...['ignoreVersionMismatch', 'skipStartupConnectionCheck', 'apisToRedactInLogs', 'healthCheck'],
  ...['ssl.verificationMode', 'ssl.certificateAuthorities', 'ssl.certificate', 'ssl.key', 'ssl.keyPassphrase'],
  ...['ssl.keystore.path', 'ssl.keystore.password', 'ssl.truststore.path', 'ssl.truststore.password'],
  'ssl.alwaysPresentCertificate',
].map((key) => `elasticsearch.${key}`)

const serverKeys = [
  ...['name', 'host', 'port', 'protocol', 'basePath', 'rewriteBasePath', 'publicBaseUrl', 'defaultRoute', 'uuid'],
  ...['autoListen', 'cors', 'maxPayload', 'keepaliveTimeout', 'payloadTimeout', 'socketTimeout', 'compression'],
  ...['customResponseHeaders', 'securityResponseHeaders', 'xsrf', 'requestId', 'shutdownTimeout', 'versioned', 'http2'],
  ...['rateLimiter', 'ssl.enabled', 'ssl.certificate', 'ssl.key', 'ssl.keyPassphrase', 'ssl.certificateAuthorities'],
  ...['ssl.keystore.path', 'ssl.keystore.password', 'ssl.truststore.path', 'ssl.truststore.password'],
  ...['ssl.cipherSuites', 'ssl.supportedProtocols', 'ssl.clientAuthentication', 'ssl.redirectHttpFromPort'],
].map((key) => `server.${key}`)

const openKeys = [
  ...['xpack', 'logging', 'telemetry', 'monitoring', 'migrations', 'node', 'uiSettings', 'data', 'map', 'csp', 'ops'],
  ...['externalUrl', 'savedObjects', 'plugins', 'interactiveSetup', 'newsfeed', 'console', 'kibana', 'i18n', 'status'],
  ...['pid.file', 'path.data', 'security'],
]

/** Throws the ConfigError with which Kibana ends. `version` matters where 9.x is laxer. */
export function validate(settings: Settings, version: string): Config {
  const unknown = [...settings.keys()].filter((name) => !isKnown(name))
  const pidFile = settings.get('pid.file')
  const config = {
    elasticsearch: elasticsearchConfig(settings, version),
    server: serverConfig(settings, version),
    pidFile: typeof pidFile === 'string' ? pidFile : undefined,
  }
  if (unknown.length > 0) {
    const names = unknown.map((name) => `"${name}"`).join(', ')
    const text = 'Check for spelling errors and ensure that expected plugins are installed.'
    throw new ConfigError(`Unknown configuration key(s): ${names}. ${text}`, 64)
  }
  return config
}

function isKnown(name: string): boolean {
  const below = (key: string) => name === key || name.startsWith(`${key}.`)
  const open = ['healthCheck', 'customHeaders'].map((key) => `elasticsearch.${key}`)
  const openServer = ['cors', 'compression', 'customResponseHeaders', 'securityResponseHeaders', 'xsrf', 'http2']
  return (
    elasticsearchKeys.includes(name) ||
    serverKeys.includes(name) ||
    [
      ...openKeys,
      ...open,
      ...[...openServer, 'requestId', 'versioned', 'rateLimiter'].map((key) => `server.${key}`),
    ].some(below)
  )
}

function elasticsearchConfig(settings: Settings, version: string): ElasticsearchConfig {
  const reader: SettingsReader = new SettingsReader(settings, 'elasticsearch')
  const username = reader.text('username')
  if (username === 'elastic' && !version.startsWith('7.')) reader.fail('username', forbiddenUser)
  const serviceAccountToken = reader.text('serviceAccountToken')
  if (serviceAccountToken !== undefined && username !== undefined) {
    reader.fail('serviceAccountToken', 'serviceAccountToken cannot be specified when "username" is also set.')
  }
  const hosts = reader.list('hosts') ?? ['http://localhost:9200']
  for (const host of hosts) {
    if (!/^https?:\/\//.test(host) || !URL.canParse(host)) {
      reader.fail('hosts', 'expected URI with scheme [http|https].')
    }
  }
  if (hosts.length === 0) reader.fail('hosts', 'array size is [0], but cannot be smaller than [1]')
  const mode = reader.text('ssl.verificationMode') ?? 'full'
  if (!oneOf(mode, ['full', 'certificate', 'none'])) {
    reader.fail('ssl.verificationMode', 'types that failed validation: expected value to equal [none|certificate|full]')
  }
  const keystore = reader.store('ssl.keystore')
  if (keystore !== undefined) reader.excludedByKeystore()
  return {
    hosts,
    username,
    password: version.startsWith('9.') ? reader.looseText('password') : reader.text('password'),
    serviceAccountToken,
    verificationMode: mode,
    certificateAuthorities: reader.list('ssl.certificateAuthorities') ?? [],
    certificate: reader.text('ssl.certificate'),
    key: reader.text('ssl.key'),
    keyPassphrase: reader.text('ssl.keyPassphrase'),
    keystore,
    truststore: reader.store('ssl.truststore'),
  }
}

const forbiddenUser =
  'value of "elastic" is forbidden. This is a superuser account that cannot write to system indices that Kibana needs ' +
  'to function. Use a service account token instead. Learn more: ' +
  'https://www.elastic.co/guide/en/elasticsearch/reference/8.0/service-accounts.html'

function serverConfig(settings: Settings, version: string): ServerConfig {
  const reader: SettingsReader = new SettingsReader(settings, 'server')
  const port = reader.number('port') ?? 5601
  const tls = tlsConfig(reader)
  const redirect = reader.number('ssl.redirectHttpFromPort')
  if (redirect !== undefined && redirect === port && tls !== undefined) {
    const text = 'Kibana does not accept http traffic to [port] when ssl is enabled (only https is allowed), so'
    reader.fail('', `${text} [ssl.redirectHttpFromPort] cannot be configured to the same value. Both are [${port}].`)
  }
  const protocol = reader.text('protocol') ?? (tls !== undefined && version.startsWith('9.') ? 'http2' : 'http1')
  if (!oneOf(protocol, ['http1', 'http2'])) reader.fail('protocol', 'expected value to equal [http1|http2]')
  if (protocol === 'http2' && tls === undefined && settings.get('server.http2.allowUnsecure') !== true) {
    const text =
      "http2 requires TLS to be enabled. Use 'http2.allowUnsecure: true' to allow running http2 without a valid"
    reader.fail('', `${text} h2c setup`)
  }
  const basePath = reader.text('basePath') ?? ''
  checkPublicUrl(reader, basePath)
  return {
    name: reader.text('name') ?? 'kibana',
    host: reader.text('host') ?? 'localhost',
    port,
    protocol,
    basePath,
    rewriteBasePath: reader.flag('rewriteBasePath') ?? false,
    tls,
    redirectHttpFromPort: redirect,
  }
}

function tlsConfig(reader: SettingsReader): TlsConfig | undefined {
  const enabled = reader.flag('ssl.enabled') ?? false
  const keystore = reader.store('ssl.keystore')
  const [certificate, key] = [reader.text('ssl.certificate'), reader.text('ssl.key')]
  const client = reader.text('ssl.clientAuthentication') ?? 'none'
  if (!oneOf(client, ['none', 'optional', 'required'])) {
    reader.fail('ssl.clientAuthentication', 'expected value to equal [none|optional|required]')
  }
  if (keystore !== undefined) reader.excludedByKeystore()
  if (enabled && keystore === undefined && (certificate === undefined || key === undefined)) {
    reader.fail('ssl', 'must specify [certificate] and [key] -- or [keystore.path] -- when ssl is enabled')
  }
  if (!enabled && client !== 'none') reader.fail('ssl', 'must enable ssl to use [clientAuthentication]')
  if (!enabled) return undefined
  return {
    certificate,
    key,
    keyPassphrase: reader.text('ssl.keyPassphrase'),
    keystore,
    certificateAuthorities: reader.list('ssl.certificateAuthorities') ?? [],
    clientAuthentication: client,
  }
}

function checkPublicUrl(reader: SettingsReader, basePath: string): void {
  const given = reader.text('publicBaseUrl')
  if (given === undefined) return
  if (!/^https?:\/\//.test(given) || !URL.canParse(given))
    reader.fail('publicBaseUrl', 'expected URI with scheme [http|https].')
  const url = new URL(given)
  if (url.search !== '' || url.hash !== '' || url.username !== '') {
    reader.fail('', '[publicBaseUrl] may only contain a protocol, host, port, and pathname')
  }
  const path = url.pathname === '/' && !given.endsWith('/') ? '' : url.pathname
  if (path !== basePath) reader.fail('', `[publicBaseUrl] must contain the [basePath]: ${path} !== ${basePath}`)
}

/** Reads settings of one part; what does not fit ends the start with Kibana's own text. */
class SettingsReader {
  readonly #settings: Settings
  readonly #part: string

  constructor(settings: Settings, part: string) {
    this.#settings = settings
    this.#part = part
  }

  fail(name: string, text: string): never {
    throw new ConfigError(`[config validation of [${this.#part}]${name === '' ? '' : `.${name}`}]: ${text}`, 78)
  }

  text(name: string): string | undefined {
    const value = this.#value(name)
    if (value === undefined || typeof value === 'string') return value
    return this.fail(name, `expected value of type [string] but got [${typeof value}]`)
  }

  /** Numbers are taken as text: only elasticsearch.password is that lax, since 9.x. */
  looseText(name: string): string | undefined {
    const value = this.#value(name)
    return typeof value === 'number' ? String(value) : this.text(name)
  }

  number(name: string): number | undefined {
    const value = this.#value(name)
    const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
    if (number === undefined || (typeof number === 'number' && !Number.isNaN(number))) return number
    return this.fail(name, `expected value of type [number] but got [${typeof value}]`)
  }

  flag(name: string): boolean | undefined {
    const value = this.#value(name)
    if (value === 'true' || value === 'false') return value === 'true'
    if (value === undefined || typeof value === 'boolean') return value
    return this.fail(name, `expected value of type [boolean] but got [${typeof value}]`)
  }

  list(name: string): readonly string[] | undefined {
    const value = this.#value(name)
    if (value === undefined) return undefined
    const list: readonly unknown[] = Array.isArray(value) ? value : [value]
    if (list.every((item) => typeof item === 'string')) return list
    return this.fail(name, 'types that failed validation: expected value of type [string]')
  }

  store(name: string): Store | undefined {
    const path = this.text(`${name}.path`)
    return path === undefined ? undefined : { path, password: this.text(`${name}.password`) }
  }

  excludedByKeystore(): void {
    for (const key of ['key', 'certificate']) {
      if (this.#value(`ssl.${key}`) !== undefined) {
        this.fail('ssl', `cannot use [${key}] when [keystore.path] is specified`)
      }
    }
  }

  #value(name: string): unknown {
    return this.#settings.get(`${this.#part}.${name}`) ?? undefined
  }
}

function oneOf<const Choice extends string>(word: string, choices: readonly Choice[]): word is Choice {
  return choices.some((choice) => choice === word)
}
