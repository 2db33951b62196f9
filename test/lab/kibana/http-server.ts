import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import {
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'
import type { SecureContextOptions } from 'node:tls'
import { ConfigError } from './config-error.ts'
import type { Log } from './log.ts'
import type { Incoming, Outgoing } from './routes.ts'
import type { ServerConfig } from './schema.ts'
import { serverContext } from './tls-files.ts'

type Handler = (request: Incoming) => Promise<Outgoing>

/** The port that Kibana serves: http, or TLS with HTTP/2 and HTTP/1.1. It is open before Kibana is available. */
export class HttpServer {
  readonly #config: ServerConfig
  readonly #log: Log
  readonly #server: Server | TlsServer | Http2SecureServer
  #context: SecureContextOptions | undefined

  constructor(config: ServerConfig, log: Log) {
    this.#config = config
    this.#log = log
    const { tls } = config
    this.#context = tls === undefined ? undefined : serverContext(tls)
    this.#server = serverFor(config, this.#context)
  }

  url(): string {
    const { tls, host, port } = this.#config
    return `${tls === undefined ? 'http' : 'https'}://${host}:${port}`
  }

  async listen(handler: Handler): Promise<void> {
    const { basePath, rewriteBasePath, host, port, redirectHttpFromPort, tls } = this.#config
    const prefix = rewriteBasePath ? basePath : ''
    this.#server.on(
      'request',
      (request: AnyRequest, response: AnyResponse) => void answer({ request, response, handler, prefix }),
    )
    await open(this.#server, port, host, `Port ${port} is already in use. Another instance of Kibana may be running!`)
    if (redirectHttpFromPort === undefined || tls === undefined) return
    const redirect = createServer((request, response) => {
      const name = (request.headers.host ?? host).replace(/:\d+$/, '')
      response.writeHead(302, { location: `https://${name}:${port}${request.url ?? '/'}` }).end()
    })
    const busy = `The redirect server failed to start up because port ${redirectHttpFromPort} is already in use. Ensure the port specified in \`server.ssl.redirectHttpFromPort\` is available.`
    await open(redirect, redirectHttpFromPort, host, busy)
  }

  /** SIGHUP: certificate and key are read again. Throws what Node throws for a key that does not fit. */
  reload(config: ServerConfig): void {
    const was = this.#context
    if ((config.tls === undefined) !== (was === undefined)) {
      this.#log.warn(
        'http.server.Kibana',
        'Incompatible TLS config change detected - TLS cannot be toggled without a full server reboot.',
      )
      return
    }
    if (config.tls === undefined || was === undefined) return
    const now = serverContext(config.tls)
    if (JSON.stringify(now) === JSON.stringify(was)) return
    this.#log.info('http.server.Kibana', 'TLS configuration change detected - reloading TLS configuration.')
    if ('setSecureContext' in this.#server) this.#server.setSecureContext(now)
    this.#context = now
  }
}

type AnyRequest = IncomingMessage | Http2ServerRequest
type AnyResponse = ServerResponse | Http2ServerResponse

function serverFor(
  config: ServerConfig,
  context: SecureContextOptions | undefined,
): Server | TlsServer | Http2SecureServer {
  if (context === undefined) return createServer()
  const client = config.tls?.clientAuthentication ?? 'none'
  const options = { ...context, requestCert: client !== 'none', rejectUnauthorized: client === 'required' }
  return config.protocol === 'http2' ? createSecureServer({ ...options, allowHTTP1: true }) : createTlsServer(options)
}

function open(server: Server | TlsServer | Http2SecureServer, port: number, host: string, busy: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE' ? new ConfigError(busy) : error)
    })
    server.listen(port, host === '0' ? '0.0.0.0' : host, () => resolve())
  })
}

interface Exchange {
  readonly request: AnyRequest
  readonly response: AnyResponse
  readonly handler: Handler
  readonly prefix: string
}

async function answer({ request, response, handler, prefix }: Exchange): Promise<void> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  const url = new URL(request.url ?? '/', 'http://kibana')
  const inside = url.pathname.startsWith(prefix)
  const incoming: Incoming = {
    method: request.method ?? 'GET',
    path: url.pathname.slice(prefix.length) || '/',
    query: url.searchParams,
    headers: request.headers,
    body: Buffer.concat(parts).toString(),
  }
  const outgoing = inside
    ? await handler(incoming).catch(failed)
    : { status: 404, body: { statusCode: 404, error: 'Not Found', message: 'Not Found' } }
  const isText = typeof outgoing.body === 'string'
  const body = typeof outgoing.body === 'string' ? outgoing.body : JSON.stringify(outgoing.body ?? '')
  response.statusCode = outgoing.status
  response.setHeader('kbn-name', 'kibana')
  response.setHeader('content-type', isText ? 'text/plain; charset=utf-8' : 'application/json; charset=utf-8')
  for (const [name, value] of Object.entries(outgoing.headers ?? {})) response.setHeader(name, value)
  if (outgoing.body === undefined) response.end()
  else response.end(body)
}

function failed(thrown: unknown): Outgoing {
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return { status: 503, body: { statusCode: 503, error: 'Service Unavailable', message } }
}
