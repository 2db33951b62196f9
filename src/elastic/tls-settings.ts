import type { Problem } from '../errors.ts'
import type { Setting } from '../yaml-settings/read-settings.ts'
import type { SettingValue } from '../yaml-settings/setting-value.ts'

/** What http TLS with one PKCS#12 file wants of a node, and what of the present configuration stands against it. */
export interface HttpTlsPlan {
  /** For elasticsearch.yml; undefined removes. Only what has to change. */
  readonly changes: Readonly<Record<string, SettingValue | undefined>>
  /** Names for `elasticsearch-keystore remove`. */
  readonly removeSecure: readonly string[]
  /** Why it cannot be done like this. */
  readonly problems: readonly Problem[]
  /** What will work, but perhaps not as meant. */
  readonly warnings: readonly string[]
}

const httpTlsPrefix = 'xpack.security.http.ssl.'

/**
 * Settings that exclude a keystore file, or that hold a password beside the one in the keystore: a node with both does
 * not start ("cannot specify both …"; measured on 7.17, 8.19 and 9.5).
 */
export const conflictingSettings: readonly string[] = [
  'certificate',
  'key',
  'key_passphrase',
  'keystore.password',
  'keystore.key_password',
].map((name) => httpTlsPrefix + name)

/** A password of the key alone: ours has none, and a leftover one would not open it. */
export const conflictingSecureSettings: readonly string[] = [
  'keystore.secure_key_password',
  'secure_key_passphrase',
].map((name) => httpTlsPrefix + name)

/** Plans http TLS over the present settings. `secureNames` are the names in the node's keystore. */
export function planHttpTls(
  settings: ReadonlyMap<string, Setting>,
  keystorePath: string,
  secureNames: readonly string[] = [],
): HttpTlsPlan {
  const text = (name: string) => settings.get(httpTlsPrefix + name)?.text
  const changes: Record<string, SettingValue | undefined> = {}
  if (text('enabled') !== 'true') changes[`${httpTlsPrefix}enabled`] = true
  if (text('keystore.path') !== keystorePath) changes[`${httpTlsPrefix}keystore.path`] = keystorePath
  // The type follows the file's name (.p12); one that says otherwise belongs to an older file.
  const type = text('keystore.type')
  if (type !== undefined && type.toUpperCase() !== 'PKCS12') changes[`${httpTlsPrefix}keystore.type`] = undefined
  for (const name of conflictingSettings) if (settings.has(name)) changes[name] = undefined
  return {
    changes,
    removeSecure: conflictingSecureSettings.filter((name) => secureNames.includes(name)),
    problems: problemsOf(settings),
    warnings: warningsOf(settings),
  }
}

function problemsOf(settings: ReadonlyMap<string, Setting>): Problem[] {
  const problems: Problem[] = []
  const security = settings.get('xpack.security.enabled')
  if (security?.text === 'false') {
    problems.push({
      message: '"xpack.security.enabled" is false: without security there is no TLS for http',
      position: security.position,
      hint: 'Set up minimal security and transport TLS first',
    })
  }
  const store = settings.get(`${httpTlsPrefix}truststore.path`)
  if (store !== undefined && settings.has(`${httpTlsPrefix}certificate_authorities`)) {
    problems.push({
      message: `"${store.name}" and "${httpTlsPrefix}certificate_authorities" exclude each other`,
      position: store.position,
      hint: 'Keep one of the two',
    })
  }
  return problems
}

function warningsOf(settings: ReadonlyMap<string, Setting>): string[] {
  const client = settings.get(`${httpTlsPrefix}client_authentication`)
  if (client?.text !== 'required') return []
  return [`"${client.name}" is required: clients without a certificate of their own, elkseal among them, are refused`]
}
