import { isAbsolute, join } from 'node:path/posix'
import type { Setting } from '../yaml-settings/read-settings.ts'

/** Where the other nodes' certificates are verified with. */
export type TransportTrustSource =
  /** The store of the key itself, named again as truststore or not named at all. */
  | { readonly kind: 'key store' }
  | { readonly kind: 'store'; readonly path: string }
  | { readonly kind: 'pem'; readonly path: string }

/** How the TLS between nodes is made up, as far as it decides whether it can be renewed while the node runs. */
type TransportTls =
  | { readonly kind: 'off' }
  /** Files that cannot be replaced in one step, or that this code does not write. */
  | { readonly kind: 'fixed'; readonly reason: string; readonly certificatePath: string | undefined }
  | { readonly kind: 'store'; readonly path: string; readonly trust: TransportTrustSource }

export const transportPrefix = 'xpack.security.transport.ssl.'

/** Reads the settings of transport TLS. Relative paths are of the folder of elasticsearch.yml. Pure. */
export function transportTls(settings: ReadonlyMap<string, Setting>, pathConf: string): TransportTls {
  const text = (name: string) => settings.get(transportPrefix + name)?.text || undefined
  const at = (name: string) => place(text(name), pathConf)
  const enabled = text('enabled') ?? ''
  if (enabled !== 'true' && !enabled.includes('${')) return { kind: 'off' }
  const variable = fromEnvironment(settings)
  if (variable !== undefined) return fixed(`${variable} is a variable of its environment`)
  const certificatePath = at('certificate')
  if (certificatePath !== undefined) {
    return fixed('key and certificate are two PEM files, which cannot be replaced in one step', certificatePath)
  }
  const path = at('keystore.path')
  if (path === undefined) return fixed('elasticsearch.yml names no keystore.path')
  if (!isPkcs12(path, text('keystore.type'))) return fixed(`${path} is a Java keystore (JKS), not PKCS#12`)
  const trust = trustSource(settings, path, pathConf)
  if ('reason' in trust) return fixed(trust.reason)
  const other = usedElsewhere(settings, trust.kind === 'key store' ? [path] : [path, trust.path], pathConf)
  return other === undefined ? { kind: 'store', path, trust } : fixed(other)
}

/** A setting that decides here and that Elasticsearch takes from its environment, which is not known here. */
function fromEnvironment(settings: ReadonlyMap<string, Setting>): string | undefined {
  const names = ['enabled', 'certificate', 'certificate_authorities']
  const stores = ['keystore', 'truststore'].flatMap((store) => [`${store}.path`, `${store}.type`])
  return [...names, ...stores]
    .map((name) => transportPrefix + name)
    .find((name) => JSON.stringify(settings.get(name)?.value ?? '').includes('${'))
}

function trustSource(
  settings: ReadonlyMap<string, Setting>,
  keystore: string,
  pathConf: string,
): TransportTrustSource | { readonly reason: string } {
  const truststore = place(settings.get(`${transportPrefix}truststore.path`)?.text, pathConf)
  if (truststore !== undefined) {
    if (truststore === keystore) return { kind: 'key store' }
    const type = settings.get(`${transportPrefix}truststore.type`)?.text
    if (!isPkcs12(truststore, type)) return { reason: `${truststore} is a Java keystore (JKS), not PKCS#12` }
    return { kind: 'store', path: truststore }
  }
  const authorities = settings.get(`${transportPrefix}certificate_authorities`)
  const listed: readonly unknown[] = Array.isArray(authorities?.value) ? authorities.value : []
  const named = authorities?.text?.split(',') ?? listed.filter((one) => typeof one === 'string')
  const paths = named.map((one) => place(one.trim(), pathConf)).filter((one) => one !== undefined)
  if (paths.length === 0) return { kind: 'key store' }
  const [path] = paths
  if (path === undefined || paths.length > 1) return { reason: 'certificate_authorities names more than one file' }
  return { kind: 'pem', path }
}

/** A file that http or a realm uses too: what is right for the nodes may cut off others. */
function usedElsewhere(
  settings: ReadonlyMap<string, Setting>,
  paths: readonly string[],
  pathConf: string,
): string | undefined {
  for (const { name, value } of settings.values()) {
    if (name.startsWith(transportPrefix)) continue
    const values: readonly unknown[] = Array.isArray(value) ? value : [value]
    const path = values.map((one) => (typeof one === 'string' ? place(one, pathConf) : undefined))
    const shared = paths.find((one) => path.includes(one))
    if (shared !== undefined) return `${shared} is used for "${name}" too`
  }
  return undefined
}

function isPkcs12(path: string, type: string | undefined): boolean {
  // Elasticsearch goes by the ending where no type is set (SslConfigurationKeys, KeyStoreUtil.inferKeyStoreType).
  return type === undefined ? /\.(p12|pfx|pkcs12)$/i.test(path) : type.toUpperCase() === 'PKCS12'
}

function fixed(reason: string, certificatePath?: string): TransportTls {
  return { kind: 'fixed', reason, certificatePath }
}

function place(path: string | undefined, pathConf: string): string | undefined {
  if (path === undefined || path === '') return undefined
  return isAbsolute(path) ? path : join(pathConf, path)
}
