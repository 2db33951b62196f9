import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { giveTo, type DemoAccount } from './account.ts'

/** One demo host: an archive installation of Elasticsearch is all there is on it. */
export interface DemoNode {
  readonly name: string
  readonly home: string
  /** Where elkseal keeps what it replaces. */
  readonly backup: string
  readonly httpPort: number
  readonly transportPort: number
}

export interface DemoNodeSettings {
  readonly distribution: { readonly home: string; readonly jdk: string | undefined }
  readonly account: DemoAccount
  readonly nodes: readonly DemoNode[]
  readonly transport: { readonly p12: Buffer; readonly caPem: string }
}

/** Lays out a node: minimal security, transport TLS, plain HTTP. */
export function installNode(node: DemoNode, { distribution, account, nodes, transport }: DemoNodeSettings): void {
  mkdirSync(node.home, { recursive: true })
  for (const part of ['bin', 'lib', 'modules', 'plugins'])
    linkTree(join(distribution.home, part), join(node.home, part))
  if (distribution.jdk !== undefined) symlinkSync(distribution.jdk, join(node.home, 'jdk'))
  const config = join(node.home, 'config')
  cpSync(join(distribution.home, 'config'), config, { recursive: true })
  mkdirSync(join(config, 'jvm.options.d'), { recursive: true })
  writeFileSync(join(config, 'jvm.options.d/demo.options'), '-Xms320m\n-Xmx320m\n-XX:TieredStopAtLevel=1\n')
  writeFileSync(join(config, 'elastic-certificates.p12'), transport.p12, { mode: 0o640 })
  writeFileSync(join(config, 'transport-ca.pem'), transport.caPem)
  writeFileSync(join(config, 'elasticsearch.yml'), settings(node, nodes))
  for (const folder of ['data', 'logs']) mkdirSync(join(node.home, folder), { recursive: true })
  if (process.getuid?.() === 0)
    execFileSync('chown', [
      '-R',
      `${String(account.uid)}:${String(account.gid)}`,
      config,
      join(node.home, 'data'),
      join(node.home, 'logs'),
    ])
  if (process.getuid?.() === 0) giveTo(account, node.home)
}

/** Hard links: three nodes take the room of one. */
function linkTree(from: string, to: string): void {
  if (!existsSync(from)) {
    mkdirSync(to, { recursive: true })
    return
  }
  if (spawnSync('cp', ['-rl', from, to], { stdio: 'ignore' }).status !== 0) execFileSync('cp', ['-r', from, to])
}

function settings(node: DemoNode, nodes: readonly DemoNode[]): string {
  return `# ======================== Elasticsearch of the demo ========================
cluster.name: demo
node.name: ${node.name}
path.data: ${join(node.home, 'data')}
path.logs: ${join(node.home, 'logs')}

http.host: 127.0.0.1
http.port: ${String(node.httpPort)}
transport.host: 127.0.0.1
transport.port: ${String(node.transportPort)}
discovery.seed_hosts: [${nodes.map((other) => `"127.0.0.1:${String(other.transportPort)}"`).join(', ')}]
cluster.initial_master_nodes: [${nodes.map((other) => other.name).join(', ')}]

xpack.security.enabled: true
xpack.security.transport.ssl:
  enabled: true
  verification_mode: certificate
  client_authentication: required
  keystore.path: elastic-certificates.p12
  certificate_authorities: [transport-ca.pem]
`
}

/** The keystore with the first password of the user elastic, made once by Elasticsearch's own tool and copied. */
export function createKeystores(
  nodes: readonly DemoNode[],
  account: DemoAccount,
  secrets: Readonly<Record<string, string>>,
): void {
  const [first] = nodes
  if (first === undefined) return
  const tool = join(first.home, 'bin/elasticsearch-keystore')
  const options = {
    uid: account.uid,
    gid: account.gid,
    env: { PATH: process.env['PATH'], ES_JAVA_HOME: join(first.home, 'jdk') },
  }
  const own = process.getuid?.() === 0 ? options : { env: options.env }
  execFileSync(tool, ['create'], { ...own, stdio: 'pipe' })
  execFileSync(tool, ['add', '-x', '-f', ...Object.keys(secrets)], {
    ...own,
    input: Object.values(secrets).join('\n') + '\n',
  })
  const store = readFileSync(join(first.home, 'config/elasticsearch.keystore'))
  for (const node of nodes.slice(1)) {
    const file = join(node.home, 'config/elasticsearch.keystore')
    writeFileSync(file, store, { mode: 0o660 })
    if (process.getuid?.() === 0) giveTo(account, file)
  }
}
