import { spawn } from 'node:child_process'
import { join } from 'node:path'

/**
 * bin/elasticsearch: starts the server and, with `-d`, returns when the node is ready, or fails with it, as 8 and 9 do.
 */
const home = process.env['ES_HOME'] ?? ''
const conf = process.env['ES_PATH_CONF'] ?? join(home, 'config')
const words = process.argv.slice(2)
const isDaemon = words.includes('-d')
const pidFile = words.includes('-p') ? words[words.indexOf('-p') + 1] : undefined

const server = spawn(
  process.execPath,
  // elkseal finds the server of an installation by these two words.
  [
    join(import.meta.dirname, 'server.js'),
    `-Des.path.home=${home}`,
    'org.elasticsearch.bootstrap.Elasticsearch',
    conf,
    ...(pidFile === undefined ? [] : [pidFile]),
  ],
  { cwd: home, detached: isDaemon, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] },
)
server.once('message', () => {
  if (!isDaemon) return
  server.disconnect()
  server.unref()
})
server.once('exit', (code, signal) => {
  const status = code ?? (signal === 'SIGTERM' ? 143 : 137)
  if (status !== 143) process.stderr.write(`ERROR: Elasticsearch died while starting up, with exit code ${status}\n`)
  process.exitCode = status
})
