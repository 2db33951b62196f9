import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import { readKeystore } from '../../../src/elastic/keystore-file.ts'
import type { Secret } from '../../../src/secrets/secret.ts'
import { SharedCluster, type Member } from './cluster.ts'
import { httpTls, type HttpTls } from './http-tls.ts'
import { ServerLog } from './log.ts'
import { answer, type RestParts } from './rest.ts'
import { readSettings, textOf, type Settings } from './settings.ts'
import { StartError } from './start-error.ts'

/** The server of the stand-in: `-Des.path.home=HOME CLASS CONF [PIDFILE]`. */
const home = (process.argv[2] ?? '').replace('-Des.path.home=', '')
const [conf = '', pidFile] = process.argv.slice(4)

try {
  await start(readSettings(conf))
} catch (thrown) {
  if (!(thrown instanceof StartError)) throw thrown
  process.stderr.write(thrown.lines.join('\n') + '\n')
  process.exit(thrown.exitCode)
}

async function start(settings: Settings): Promise<void> {
  const clusterName = textOf(settings, 'cluster.name') ?? 'elasticsearch'
  const name = textOf(settings, 'node.name') ?? 'node'
  const log = new ServerLog(resolve(home, textOf(settings, 'path.logs') ?? 'logs', `${clusterName}.log`), name)
  log.write('INFO', 'o.e.n.Node', `version[${version()}], pid[${process.pid}], build[stand-in, not Elasticsearch]`)
  const cluster = new SharedCluster(process.env['STAND_IN_CLUSTER'] ?? join(home, 'cluster'), clusterName)
  const me: Member = { id: `id-of-${name}`, name, pid: process.pid, cluster: clusterName, joinedAt: Date.now() }
  try {
    const secrets = await secretsIn(conf)
    const tls = httpTls(settings, secrets, conf)
    cluster.join(me)
    const quorum = quorumOf(settings)
    const password = secrets.get('bootstrap.password')?.reveal()
    const server = serve(tls, { cluster, clusterName, version: version(), password, quorum })
    stopOnSignal(server, () => {
      cluster.leave(me)
      log.write('INFO', 'o.e.n.Node', 'stopping ...')
    })
    await joined(cluster, quorum)
    await listen(server, textOf(settings, 'http.host') ?? '127.0.0.1', Number(textOf(settings, 'http.port') ?? 9200))
    if (pidFile !== undefined) writeFileSync(pidFile, String(process.pid))
    log.write('INFO', 'o.e.n.Node', `started {${name}}{${me.id}}`)
    process.send?.('ready')
  } catch (thrown) {
    cluster.leave(me)
    if (!(thrown instanceof StartError) || thrown.place === 'console') throw thrown
    log.write('ERROR', 'o.e.b.Elasticsearch', `fatal exception while booting Elasticsearch\n${thrown.lines.join('\n')}`)
    const words = `ERROR: Elasticsearch did not exit normally - check the logs at ${log.file}`
    throw new StartError('console', thrown.exitCode, [words])
  }
}

function serve(tls: HttpTls | undefined, parts: RestParts): Server {
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = (request.url ?? '').replace(/\?.*/, '')
    const { authorization } = request.headers
    const sent = await text(request)
    const { status, body } = answer({ method: request.method ?? '', path, authorization, body: sent }, parts)
    const challenge = status === 401 ? { 'www-authenticate': 'Basic realm="security", charset="UTF-8"' } : {}
    response.writeHead(status, {
      'content-type': 'application/json',
      'x-elastic-product': 'Elasticsearch',
      ...challenge,
    })
    response.end(JSON.stringify(body))
  }
  // A client that breaks off gets no answer.
  const listener = (request: IncomingMessage, response: ServerResponse): void =>
    void handle(request, response).catch(() => response.destroy())
  if (tls === undefined) return createServer(listener)
  // What is no handshake gets its connection closed, without a word.
  return createTlsServer({ ...tls }, listener).on('tlsClientError', (_, socket) => socket.destroy())
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((done, fail) => {
    server.once('error', () => {
      const lines = [
        `org.elasticsearch.http.BindHttpException: Failed to bind to ${host}:${port}`,
        'Caused by: java.net.BindException: Address already in use',
      ]
      fail(new StartError('log', 1, lines))
    })
    server.listen(port, host, () => done())
  })
}

/** http opens once the node has joined a cluster, or after 30 s without one. */
async function joined(cluster: SharedCluster, quorum: number): Promise<void> {
  for (let waited = 0; cluster.members().length < quorum && waited < 30_000; waited += 100) await pause(100)
}

function quorumOf(settings: Settings): number {
  const nodes = settings.get('cluster.initial_master_nodes')
  return Math.floor((Array.isArray(nodes) ? nodes.length : 1) / 2) + 1
}

function stopOnSignal(server: Server, before: () => void): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      before()
      server.close()
      server.closeAllConnections()
      if (pidFile !== undefined) rmSync(pidFile, { force: true })
      process.exit(143)
    })
  }
}

async function secretsIn(folder: string): Promise<ReadonlyMap<string, Secret>> {
  const file = join(folder, 'elasticsearch.keystore')
  return existsSync(file) ? readKeystore(readFileSync(file)) : new Map()
}

/** As elkseal finds it: by the name of the jar. */
function version(): string {
  const jar = readdirSync(join(home, 'lib')).find((name) => /^elasticsearch-\d.*\.jar$/.test(name)) ?? ''
  return jar.replace(/^elasticsearch-|\.jar$/g, '')
}
