import { spawnSync } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { createLab, type Lab } from '../test/lab/lab.ts'
import { defaultPlan } from '../test/lab/lab-state.ts'
import { isListening, leaderOf } from '../test/lab/machine.ts'
import { namespaceOf } from '../test/lab/network.ts'
import { ensurePrerequisites } from '../test/lab/prerequisites.ts'
import { elasticsearchVersions } from '../test/support/elasticsearch-distribution.ts'

const usage = `npm run lab -- COMMAND [--name dev] …
  up [--version 9.5.0] [--nodes 3] [--plain 0] [--no-kibana] [--no-metricbeat]   a running cluster, plain HTTP
  down                      removes everything of the lab, also after a failed or killed up
  status                    the hosts and what runs on them
  ssh HOST [WORDS…]         a shell (or the words) on a host, as root
  exec WORDS…               the words on this machine, but in the lab's network
  inventory FOLDER [--login root|ops|ops2]     writes an inventory for elkseal (run it by exec)
`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  allowNegative: true,
  // Words for exec and ssh keep their own options when they stand behind "--".
  options: {
    name: { type: 'string', default: 'dev' },
    version: { type: 'string', default: defaultPlan.version },
    nodes: { type: 'string', default: String(defaultPlan.nodes) },
    plain: { type: 'string', default: '0' },
    kibana: { type: 'boolean', default: true },
    metricbeat: { type: 'boolean', default: true },
    login: { type: 'string', default: 'root' },
  },
})
const [command, ...words] = positionals
const lab = createLab({ name: values.name })

switch (command) {
  case 'up':
    await up()
    break
  case 'down':
    await lab.down()
    break
  case 'status':
    printStatus(lab)
    break
  case 'ssh':
    process.exitCode = ssh(lab, words)
    break
  case 'exec':
    process.exitCode = inNetwork(lab, words)
    break
  case 'inventory':
    await writeInventory(lab, words)
    break
  default:
    process.stderr.write(usage)
    process.exitCode = 1
}

async function up(): Promise<void> {
  const version = elasticsearchVersions.find((each) => each === values.version)
  if (version === undefined) throw new Error(`The lab has Elasticsearch ${elasticsearchVersions.join(', ')}`)
  const { kibana, metricbeat } = values
  await ensurePrerequisites()
  await timed('hosts up', () =>
    lab.up({ version, nodes: Number(values.nodes), plain: Number(values.plain), kibana, metricbeat }),
  )
  if (Number(values.nodes) > 0) await timed('Elasticsearch green', () => lab.startElasticsearch())
  await timed('clients started', () => lab.startClients())
  const inventory = join(lab.folder, 'inventory')
  await mkdir(inventory, { recursive: true })
  process.stdout.write(`inventory: ${await lab.writeInventory(inventory)}\n`)
  printStatus(lab)
}

async function timed(what: string, work: () => Promise<void>): Promise<void> {
  const start = performance.now()
  await work()
  process.stdout.write(`${what} after ${((performance.now() - start) / 1000).toFixed(1)} s\n`)
}

function printStatus(lab: Lab): void {
  if (!lab.isUp()) {
    process.stdout.write(`lab ${lab.name} is not up\n`)
    return
  }
  const { hosts, plan, passwords } = lab.state()
  const ports = [22, 5601, 9200]
  for (const host of hosts) {
    const open = ports.filter((port) => isListening(host, port))
    const running = leaderOf(host) === undefined ? 'not running' : `listens on ${open.join(', ')}`
    process.stdout.write(`${host.name.padEnd(10)} ${host.address.padEnd(15)} ${host.role.padEnd(14)} ${running}\n`)
  }
  process.stdout.write(`network namespace ${namespaceOf(lab.name)}, Elasticsearch ${plan.version}\n`)
  process.stdout.write(`password of elastic: ${passwords.elastic}\n`)
}

function ssh(lab: Lab, [name = '', ...remote]: readonly string[]): number {
  const options = ['-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null', '-o', 'LogLevel=ERROR']
  const target = `root@${lab.host(name).address}`
  return inNetwork(lab, ['ssh', ...options, '-i', join(lab.folder, 'key'), target, ...remote])
}

function inNetwork(lab: Lab, local: readonly string[]): number {
  return spawnSync('ip', ['netns', 'exec', namespaceOf(lab.name), ...local], { stdio: 'inherit' }).status ?? 1
}

async function writeInventory(lab: Lab, [folder]: readonly string[]): Promise<void> {
  const login = (['root', 'ops', 'ops2'] as const).find((each) => each === values.login)
  if (folder === undefined || login === undefined) throw new Error(usage)
  process.stdout.write(`${await lab.writeInventory(resolve(folder), { login })}\n`)
}
