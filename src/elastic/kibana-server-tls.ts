import { isAbsolute, join } from 'node:path'
import { Secret } from '../secrets/secret.ts'
import type { Setting } from '../yaml-settings/read-settings.ts'

/** From which files Kibana serves https. */
export type KibanaServerTls =
  | { readonly kind: 'off' }
  /** It does, but not from files that can be replaced; `reason` in words. */
  | { readonly kind: 'fixed'; readonly reason: string }
  | { readonly kind: 'p12'; readonly path: string; readonly password: Secret }
  | {
      readonly kind: 'pem'
      readonly certificatePath: string
      readonly keyPath: string
      readonly passphrase: Secret | undefined
    }

export interface KibanaServer {
  readonly tls: KibanaServerTls
  /** As its own host reaches it. */
  readonly host: string
  readonly port: number
  /** Names under which it says it is reached: server.host and that of server.publicBaseUrl. */
  readonly names: readonly string[]
  readonly pidFile: string | undefined
  /** The other files of server.ssl, which it reads together with its certificate. */
  readonly alsoRead: readonly string[]
}

export interface KibanaServerSources {
  readonly settings: ReadonlyMap<string, Setting>
  /** Wins over kibana.yml, as in Kibana. */
  readonly keystore: ReadonlyMap<string, unknown>
  /** Kibana's working folder, which relative paths are from. */
  readonly home: string
}

/** What kibana.yml and the Kibana keystore say of its own https. Pure. */
export function kibanaServer(sources: KibanaServerSources): KibanaServer {
  const value = (name: string) => sources.keystore.get(name) ?? sources.settings.get(name)?.value ?? undefined
  const text = (name: string) => textOf(value(name))
  const host = text('server.host') ?? 'localhost'
  const base = text('server.publicBaseUrl')
  const publicName = base !== undefined && URL.canParse(base) ? new URL(base).hostname : undefined
  return {
    tls: tlsOf(sources, value),
    host: ['0.0.0.0', '::', '0'].includes(host) ? 'localhost' : host,
    port: Number(text('server.port') ?? 5601),
    names: [host, publicName?.replace(/^\[|\]$/g, '')].filter((name) => name !== undefined && name !== '0') as string[],
    pidFile: text('pid.file'),
    alsoRead: [value('server.ssl.certificateAuthorities'), value('server.ssl.truststore.path')]
      .flat()
      .flatMap((path) => inside(sources.home, textOf(path)) ?? []),
  }
}

function tlsOf({ home }: KibanaServerSources, value: (name: string) => unknown): KibanaServerTls {
  if (value('server.ssl.enabled') !== true && value('server.ssl.enabled') !== 'true') return { kind: 'off' }
  const names = ['keystore.path', 'keystore.password', 'certificate', 'key', 'keyPassphrase']
  const settings = new Map(names.map((name) => [name, textOf(value(`server.ssl.${name}`))]))
  // Kibana takes such a value from its environment, which is not known here.
  const variable = names.find((name) => settings.get(name)?.includes('${'))
  if (variable !== undefined)
    return { kind: 'fixed', reason: `server.ssl.${variable} is a variable of its environment` }
  const path = (name: string) => inside(home, settings.get(name))
  const store = path('keystore.path')
  if (store !== undefined) {
    return { kind: 'p12', path: store, password: new Secret(settings.get('keystore.password') ?? '') }
  }
  const [certificatePath, keyPath] = [path('certificate'), path('key')]
  if (certificatePath === undefined || keyPath === undefined) {
    return { kind: 'fixed', reason: 'kibana.yml names neither server.ssl.keystore.path nor certificate and key' }
  }
  if (certificatePath === keyPath) return { kind: 'fixed', reason: `${keyPath} holds both certificate and key` }
  const passphrase = settings.get('keyPassphrase')
  return {
    kind: 'pem',
    certificatePath,
    keyPath,
    passphrase: passphrase === undefined ? undefined : new Secret(passphrase),
  }
}

function inside(home: string, path: string | undefined): string | undefined {
  return path === undefined || isAbsolute(path) ? path : join(home, path)
}

function textOf(value: unknown): string | undefined {
  return ['string', 'number', 'bigint', 'boolean'].includes(typeof value) ? String(value) : undefined
}
