// A stand-in for Kibana's server, which no package registry carries. It starts, fails, answers and reloads where and as
// Kibana does, as far as an orchestrator meets it; it has no pages.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError } from './config-error.ts'
import { Elasticsearch } from './elasticsearch.ts'
import { homeFolder } from './folders.ts'
import { HttpServer } from './http-server.ts'
import { log } from './log.ts'
import { Monitor } from './monitor.ts'
import { route, type Kibana } from './routes.ts'
import { validate, type Config } from './schema.ts'
import { loadKeystore, loadSettings } from './settings.ts'

async function main(words: readonly string[]): Promise<void> {
  if (process.getuid?.() === 0 && !words.includes('--allow-root')) {
    process.stderr.write('Kibana should not be run as root.  Use --allow-root to continue.\n')
    process.exitCode = 1
    return
  }
  try {
    await start()
  } catch (thrown) {
    end(thrown)
  }
}

async function start(): Promise<void> {
  const version = versionHere()
  // Read once: a reload does not look at the keystore again.
  const keystore = await loadKeystore()
  const read = async (): Promise<Config> => validate(await loadSettings(keystore), version)
  const config = await read()
  const elasticsearch = new Elasticsearch(config.elasticsearch)
  const server = new HttpServer(config.server, log)
  const monitor = new Monitor(elasticsearch, version, log)
  let ready = false
  const kibana: Kibana = { name: config.server.name, version, elasticsearch, monitor, isReady: () => ready }
  await server.listen((request) => route(kibana, request))
  log.info('http.server.Preboot', `http server running at ${server.url()}`)
  if (config.pidFile !== undefined) writeFileSync(config.pidFile, String(process.pid))
  listenForSignals(server, read, version)

  if (needsSetup(config)) {
    process.stdout.write(
      `\n\ni Kibana has not been configured.\n\nGo to ${server.url()}/?code=123456 to get started.\n\n`,
    )
    return
  }
  await monitor.start(end)
  ready = true
  log.info('http.server.Kibana', `http server running at ${server.url()}`)
  log.info('status', 'Kibana is now available')
}

/** Interactive setup waits for a browser when nothing at all was configured. */
function needsSetup({ elasticsearch: { hosts, username, serviceAccountToken } }: Config): boolean {
  const untouched = hosts.length === 1 && hosts[0] === 'http://localhost:9200'
  return untouched && username === undefined && serviceAccountToken === undefined
}

function listenForSignals(server: HttpServer, read: () => Promise<Config>, version: string): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(0))
  process.on('SIGHUP', () => {
    log.info('cli', 'Reloading Kibana configuration (reason: SIGHUP signal received).')
    // A broken file or a key that does not fit ends the process: nothing catches it there.
    read().then((config) => {
      if (reloadsTls(version)) server.reload(config.server)
      log.info('cli', 'Reloaded Kibana configuration (reason: SIGHUP signal received).')
    }, end)
  })
}

/** Until 8.11.2 a reload was about logging and the like only (elastic/kibana, pull request 171823). */
function reloadsTls(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number)
  return major > 8 || (major === 8 && (minor > 11 || (minor === 11 && patch >= 2)))
}

function end(thrown: unknown): never {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  const code = thrown instanceof ConfigError ? thrown.exitCode : 1
  log.fatal('root', `Reason: ${error.message}`)
  process.stderr.write(`\n FATAL  Error: ${error.message}\n\n`)
  process.exit(code)
}

function versionHere(): string {
  const { version } = JSON.parse(readFileSync(join(homeFolder(), 'package.json'), 'utf8')) as { version: string }
  return version
}

await main(process.argv.slice(2))
