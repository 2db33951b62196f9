import { TaskError } from '../errors.ts'

/** How a product takes the address of an Elasticsearch node. */
export interface HostRules {
  /** The scheme of an address without one. Undefined: the product demands one. */
  readonly scheme?: 'http' | 'https' | undefined
  /** The port of an address without one. Undefined: that of the scheme, so no port of Elasticsearch is meant. */
  readonly port?: number | undefined
  /** The variable with which a user says it otherwise. */
  readonly variable: string
}

/** The same nodes by https: name, port and path as the client has them now. Throws a TaskError where that is a guess. */
export function byHttps(hosts: readonly string[], rules: HostRules): readonly string[] {
  return hosts.map((host) => oneByHttps(host.trim(), rules))
}

function oneByHttps(host: string, rules: HostRules): string {
  const hint = `Set ${rules.variable} to the addresses with https://`
  const given = /^[a-z]+:\/\//i.test(host) ? host : `${rules.scheme ?? ''}://${host}`
  const shown = withoutCredentials(host)
  if (!URL.canParse(given)) throw new TaskError(`"${shown}" is no address of Elasticsearch`, { hint })
  const url = new URL(given)
  if (url.protocol === 'https:') return given
  if (url.protocol !== 'http:') throw new TaskError(`"${shown}" is neither http nor https`, { hint })
  const port = portOf(given) ?? rules.port
  if (port === undefined) {
    throw new TaskError(`"${shown}" has no port, so it is not a node but something in front of it`, { hint })
  }
  const credentials = url.username === '' ? '' : `${url.username}${url.password === '' ? '' : `:${url.password}`}@`
  return `https://${credentials}${url.hostname}:${port}${url.pathname === '/' ? '' : url.pathname}`
}

/** An address for an error: a user and a password that stand in it are no business of its readers. */
export function withoutCredentials(address: string): string {
  return address.replace(/^([a-z]+:\/\/)?.*@/i, '$1')
}

/** As written: a URL object hides a scheme's own port. */
function portOf(address: string): string | undefined {
  return /^[a-z]+:\/\/(?:[^@/]*@)?(?:\[[^\]]*\]|[^:/[\]]*):(\d+)/i.exec(address)?.[1]
}
