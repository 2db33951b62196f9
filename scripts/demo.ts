import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { styleText } from 'node:util'
import ssh2 from 'ssh2'
import {
  elasticsearchDistribution,
  findJdk,
  type ElasticsearchDistribution,
} from '../test/support/elasticsearch-distribution.ts'
import { startSshHost, type SshHost } from '../test/support/ssh-host.ts'
import { demoAccount, giveTo } from './demo/account.ts'
import { plainHealth, startNodes, stopNodes, waitUntilGreen } from './demo/cluster.ts'
import { writeInventory } from './demo/inventory.ts'
import { createKeystores, installNode, type DemoNode } from './demo/node.ts'
import { freePorts } from './demo/ports.ts'
import { transportCertificate } from './demo/transport-certificate.ts'

/*
 * `npm run demo`: the main job on three hosts inside this process, with no root and no cluster of one's own. Each host
 * is an ssh server on a loopback address with a folder of its own; its commands are real ones, and so is Elasticsearch.
 */

const started = Date.now()
const account = demoAccount()
const folder = mkdtempSync(join(tmpdir(), 'elkseal-demo-'))
chmodSync(folder, 0o755)
const password = randomBytes(12).toString('hex')
const transportPassword = randomBytes(12).toString('hex')
const nodes: DemoNode[] = []
const hosts = new Map<DemoNode, SshHost>()
let ended = false

process.once('SIGINT', () => void end(130))
process.once('SIGTERM', () => void end(143))

try {
  await end(await demo())
} catch (error) {
  process.stderr.write(`${error instanceof Error ? String(error.stack) : String(error)}\n`)
  await end(1)
}

async function demo(): Promise<number> {
  say('elkseal: the demo', [
    'Three Elasticsearch nodes on this machine talk plain HTTP. elkseal gives them https, over SSH, one by one.',
  ])
  const distribution = await findDistribution()
  if (distribution === undefined) return 1
  await setUp(distribution)

  const inventory = writeInventory(folder, hosts, password)
  say('1. Before: anybody on the network can read along', [
    `$ curl -u elastic:… http://127.0.0.1:${String(nodes[0]?.httpPort)}/_cluster/health`,
    JSON.stringify(await plainHealth(nodes[0]?.httpPort ?? 0, password)),
  ])
  say('2. What would a run do?  (elkseal run playbooks/secure-http.yml --check)')
  if ((await elkseal('run', 'playbooks/secure-http.yml', '-i', inventory, '--check')) !== 0) return 1
  say('3. The run: one node at a time, the cluster keeps answering')
  if ((await elkseal('run', 'playbooks/secure-http.yml', '-i', inventory)) !== 0) return 1
  say('4. Is it so, seen from outside?  (elkseal verify)')
  if ((await elkseal('verify', '-i', inventory)) !== 0) return 1
  say('5. Once more: nothing to do, nothing restarts')
  if ((await elkseal('run', 'playbooks/secure-http.yml', '-i', inventory)) !== 0) return 1
  const answer = await plainHealth(nodes[0]?.httpPort ?? 0, password)
  say('6. After: plain http gets no answer', [
    `$ curl -u elastic:… http://127.0.0.1:${String(nodes[0]?.httpPort)}/_cluster/health`,
    answer === undefined ? 'the connection is closed' : `STILL ANSWERED: ${JSON.stringify(answer)}`,
  ])
  say('Where to go next', [
    'Your own cluster: copy inventory/example/ or take your Ansible inventory, and start with --check:',
    '  npx elkseal run playbooks/secure-http.yml -i inventory/production.yml --check --diff',
    'What every step does: playbooks/secure-http.yml. All variables: docs/variables.md.',
    `The demo took ${String(Math.round((Date.now() - started) / 1000))} s. Its folder is removed now.`,
  ])
  return answer === undefined ? 0 : 1
}

async function findDistribution(): Promise<ElasticsearchDistribution | undefined> {
  if (findJdk(25) === undefined) {
    process.stderr.write(
      'The demo runs real Elasticsearch 9.5.0, which needs a JDK 25 (set JAVA_HOME) and mvn to fetch it.\n',
    )
    return undefined
  }
  process.stdout.write('Elasticsearch 9.5.0: fetched with mvn from Maven Central the first time (130 MB) …\n')
  return elasticsearchDistribution('9.5.0')
}

async function setUp(distribution: ElasticsearchDistribution): Promise<void> {
  const ports = await freePorts(6)
  for (const [index, name] of ['es1', 'es2', 'es3'].entries()) {
    const home = join(folder, name, 'elasticsearch')
    nodes.push({
      name,
      folder: join(folder, name),
      home,
      httpPort: ports[index] ?? 0,
      transportPort: ports[index + 3] ?? 0,
    })
  }
  const transport = await transportCertificate(transportPassword)
  for (const node of nodes) installNode(node, { distribution, account, nodes, transport })
  createKeystores(nodes, account, {
    'bootstrap.password': password,
    'xpack.security.transport.ssl.keystore.secure_password': transportPassword,
  })
  const key = ssh2.utils.generateKeyPairSync('ed25519')
  writeFileSync(join(folder, 'id_demo'), key.private, { mode: 0o600 })
  for (const node of nodes) {
    const root = process.getuid?.() === 0
    hosts.set(
      node,
      await startSshHost({
        users: { demo: { publicKey: key.public } },
        home: node.folder,
        environment: { ES_JAVA_HOME: distribution.jdk },
        ...(root ? { uid: account.uid, gid: account.gid } : {}),
      }),
    )
    mkdirSync(join(node.folder, 'backup'), { mode: 0o700 })
    if (root) giveTo(account, join(node.folder, 'backup'))
  }
  startNodes(nodes, account, () => ({ PATH: process.env['PATH'], ES_JAVA_HOME: distribution.jdk }))
  await waitUntilGreen(nodes, password, progress('Starting three nodes'))
}

/** The tool as its users have it: a process of its own, drawing on this terminal. */
function elkseal(...words: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['bin/elkseal.js', ...words], {
      stdio: 'inherit',
      env: { ...process.env, XDG_CONFIG_HOME: join(folder, 'config') },
    })
    child.once('error', reject)
    child.once('exit', (code) => resolve(code ?? 1))
  })
}

async function end(code: number): Promise<void> {
  if (ended) return
  ended = true
  await stopNodes(nodes)
  for (const host of hosts.values()) await host.close()
  if (existsSync(folder)) rmSync(folder, { recursive: true, force: true })
  process.exit(code)
}

function say(title: string, lines: readonly string[] = []): void {
  const text = process.stdout.isTTY ? styleText(['bold', 'cyan'], title) : title
  process.stdout.write(`\n━━ ${text}\n${lines.map((line) => `   ${line}\n`).join('')}`)
}

/** One line that changes on a terminal; elsewhere one line for each new state. */
function progress(title: string): (text: string) => void {
  let last = ''
  return (text) => {
    if (text === last) return
    last = text
    process.stdout.write(process.stdout.isTTY ? `\r\u001b[2K${title}: ${text}` : `${title}: ${text}\n`)
    if (process.stdout.isTTY && text.startsWith('green')) process.stdout.write('\n')
  }
}
