import { namespaceOf } from './network.ts'
import { $, reading } from './shell.ts'

export interface RestRequest {
  readonly method?: 'GET' | 'PUT' | 'POST' | 'DELETE'
  readonly url: string
  readonly user?: string
  readonly password?: string
  readonly body?: unknown
  /** PEM file of the only CA to trust. */
  readonly ca?: string
}

/** Status 0 when no HTTP answer came; then `problem` tells curl's reason. */
export interface RestAnswer {
  readonly status: number
  readonly body: string
  readonly problem: string
}

/** Asks from inside the lab's network, with curl: another TLS and HTTP implementation than the one that is tested. */
export async function ask(lab: string, request: RestRequest): Promise<RestAnswer> {
  const { method = 'GET', url, user, password, body, ca } = request
  // By standard input, because tests look for passwords in the arguments of every process.
  const settings = {
    url,
    request: method,
    'max-time': '30',
    'write-out': '\\n%{http_code}',
    ...(user === undefined ? {} : { user: `${user}:${password ?? ''}` }),
    ...(body === undefined ? {} : { header: 'content-type: application/json', data: JSON.stringify(body) }),
    ...(ca === undefined ? {} : { cacert: ca }),
  }
  const input = Object.entries(settings).map(([name, value]) => `${name} = ${quoted(value)}\n`)
  const output = await $({ ...reading(input.join('')), nothrow: true })`ip netns exec ${namespaceOf(lab)} curl -sS -K -`
  const end = output.stdout.lastIndexOf('\n')
  return {
    status: Number(output.stdout.slice(end + 1)),
    body: output.stdout.slice(0, Math.max(end, 0)),
    problem: output.stderr.trim(),
  }
}

// curl(1), --config: within double quotes a backslash escapes; "\n" of write-out is curl's own escape.
function quoted(value: string): string {
  return `"${value.replace(/(["\\])/g, '\\$1')}"`
}
