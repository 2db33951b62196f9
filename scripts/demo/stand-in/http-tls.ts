import { existsSync, readFileSync } from 'node:fs'
import { isAbsolute, join, relative } from 'node:path'
import { createSecureContext } from 'node:tls'
import type { Secret } from '../../../src/secrets/secret.ts'
import { textOf, type Settings } from './settings.ts'
import { securityError, type StartError } from './start-error.ts'

const context = 'xpack.security.http.ssl'
const securePassword = `${context}.keystore.secure_password`

export interface HttpTls {
  readonly pfx: Buffer
  readonly passphrase: string
}

/** What https is served with; undefined: http. Throws Elasticsearch's own words when it could not start. */
export function httpTls(settings: Settings, secrets: ReadonlyMap<string, Secret>, conf: string): HttpTls | undefined {
  const get = (name: string) => textOf(settings, `${context}.${name}`)
  const enabled = get('enabled')
  const path = get('keystore.path')
  if (enabled === undefined) {
    const others = [...settings.keys(), ...secrets.keys()].filter((name) => name.startsWith(`${context}.`)).sort()
    if (others.length === 0) return undefined
    throw securityError(
      `invalid configuration for ${context} - [${context}.enabled] is not set, but the following settings have been configured in elasticsearch.yml : [${others.join(',')}]`,
    )
  }
  if (path !== undefined && get('certificate') !== undefined) {
    throw failed('cannot specify both [certificate] and [keystore.path]')
  }
  if (path === undefined && enabled === 'true') {
    throw securityError(
      `invalid SSL configuration for ${context} - server ssl configuration requires a key and certificate, but these have not been configured; you must set either [${context}.keystore.path], or both [${context}.key] and [${context}.certificate]`,
    )
  }
  if (path === undefined) return undefined
  // The file is read even where https is off.
  const tls = opened(isAbsolute(path) ? path : join(conf, path), conf, secrets.get(securePassword))
  return enabled === 'true' ? tls : undefined
}

function opened(file: string, conf: string, password: Secret | undefined): HttpTls {
  const store = `[PKCS12] keystore (as a truststore)`
  if (relative(conf, file).startsWith('..')) {
    throw failed(
      `cannot read configured ${store} [${file}] because access to read the file is blocked; SSL resources should be placed in the [${conf}] directory`,
    )
  }
  if (!existsSync(file)) throw failed(`cannot read configured ${store} [${file}] because the file does not exist`)
  const pfx = readable(file, store)
  const passphrase = password?.reveal() ?? ''
  try {
    createSecureContext({ pfx, passphrase })
    return { pfx, passphrase }
  } catch {
    const given = password === undefined ? 'no password was provided' : 'a keystore password was provided'
    throw failed(
      `cannot read configured ${store} [${file}] - this is usually caused by an incorrect password; (${given})`,
    )
  }
}

function readable(file: string, store: string): Buffer {
  try {
    return readFileSync(file)
  } catch {
    throw failed(`not permitted to read the ${store} file [${file}]`)
  }
}

function failed(reason: string): StartError {
  return securityError(`failed to load SSL configuration [${context}] - ${reason}`)
}
