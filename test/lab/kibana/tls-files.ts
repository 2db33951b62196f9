import { readFileSync } from 'node:fs'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import { ConfigError } from './config-error.ts'
import { openPkcs12 } from './pkcs12.ts'
import type { ElasticsearchConfig, TlsConfig } from './schema.ts'

const protocols = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3' } as const

/** What the server shows. Relative paths are relative to the working folder, as with a plain readFileSync. */
export function serverContext(tls: TlsConfig): SecureContextOptions {
  const authorities = tls.certificateAuthorities.map((path) => readFileSync(path, 'utf8'))
  if (tls.keystore === undefined) {
    const [certificate = '', key = ''] = [tls.certificate, tls.key].map((path) => readFileSync(path ?? '', 'utf8'))
    return checked({ cert: certificate, key, passphrase: tls.keyPassphrase, ca: authorities })
  }
  const store = openPkcs12(tls.keystore.path, tls.keystore.password)
  if (store.key === undefined) throw new ConfigError('Did not find private key in keystore at [keystore.path].')
  if (store.certificate === undefined) throw new ConfigError('Did not find certificate in keystore at [keystore.path].')
  // The other certificates become trusted, and are not sent as chain.
  return checked({ cert: store.certificate, key: store.key, ca: [...authorities, ...store.authorities] })
}

/** What the connection to Elasticsearch trusts and shows. A list of authorities replaces the system's. */
export function clientContext(config: ElasticsearchConfig): SecureContextOptions {
  const authorities = config.certificateAuthorities.map((path) => readFileSync(path, 'utf8'))
  let own: SecureContextOptions = {}
  if (config.keystore !== undefined) {
    const store = openPkcs12(config.keystore.path, config.keystore.password)
    if (store.key === undefined) throw new ConfigError('Did not find key in Elasticsearch keystore.')
    if (store.certificate === undefined) throw new ConfigError('Did not find certificate in Elasticsearch keystore.')
    authorities.push(...store.authorities)
    own = { key: store.key, cert: store.certificate }
  } else if (config.certificate !== undefined && config.key !== undefined) {
    const [cert, key] = [config.certificate, config.key].map((path) => readFileSync(path, 'utf8'))
    own = { cert, key, passphrase: config.keyPassphrase }
  }
  if (config.truststore !== undefined) {
    const store = openPkcs12(config.truststore.path, config.truststore.password)
    authorities.push(...store.authorities, ...(store.certificate === undefined ? [] : [store.certificate]))
  }
  return checked({ ...own, ...(authorities.length > 0 ? { ca: authorities } : {}) })
}

/** Node itself refuses a key that does not fit, and is as lax as Kibana with an empty or broken list of authorities. */
function checked(options: Readonly<Record<string, unknown>>): SecureContextOptions {
  const given = Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0)),
  ) as SecureContextOptions
  const context = { ...given, ...protocols }
  createSecureContext(context)
  return context
}
