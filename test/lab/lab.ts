import { existsSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ProcessOutput } from 'zx'
import { baseTree } from './base-tree.ts'
import { cacheFolder } from './cache.ts'
import { processesInGroups, removeGroups } from './control-groups.ts'
import { configureElasticsearch, createKeystores } from './elasticsearch.ts'
import { elasticsearchLayer } from './elasticsearch-image.ts'
import { hostLayer } from './host-layer.ts'
import { writeInventory, type InventoryOptions } from './inventory.ts'
import { configureKibana } from './kibana.ts'
import { kibanaLayer } from './kibana-image.ts'
import { planState, readState, writeState, type LabHost, type LabPlan, type LabState, type Role } from './lab-state.ts'
import { bootMachine, cutPower, prepareMachine, runOn, until, type Binding } from './machine.ts'
import { configureMetricbeat, metricbeatRole, metricbeatUser } from './metricbeat.ts'
import { metricbeatLayer } from './metricbeat-image.ts'
import { removeTree } from './mounts.ts'
import { createNetwork, namespaceOf, processesInNetwork, raiseKernelLimits, removeNetwork } from './network.ts'
import { killAll } from './processes.ts'
import { ask, type RestAnswer, type RestRequest } from './rest.ts'
import { $, reading } from './shell.ts'

/** Real Debian hosts in a network of their own, with real Elasticsearch and Metricbeat. Needs root. */
export interface Lab {
  readonly name: string
  readonly folder: string
  /** Fails when the lab is not up. */
  state(): LabState
  isUp(): boolean
  /** Boots the hosts, with everything installed and configured but not started. */
  up(plan: LabPlan): Promise<void>
  /** Starts all nodes at once, waits until the cluster is green, and makes the users of the other products. */
  startElasticsearch(): Promise<void>
  /** Starts Kibana and Metricbeat, where the lab has them, and waits until Kibana is available. */
  startClients(): Promise<void>
  /** Removes everything of this lab that exists: processes, mounts, network, files. */
  down(): Promise<void>
  hosts(role: Role): readonly LabHost[]
  host(name: string): LabHost
  /** Runs the words on a host as root, not through its sshd. */
  run(
    host: string,
    words: readonly string[],
    options?: { readonly input?: string; readonly nothrow?: boolean },
  ): Promise<string>
  /** Runs the words on this machine, but in the lab's network. A failure is told by the exit code only. */
  exec(words: readonly string[], options?: ExecOptions): Promise<ProcessOutput>
  /** Asks by curl from inside the lab's network. */
  ask(request: RestRequest): Promise<RestAnswer>
  /** Writes `hosts.yml`, `group_vars`, `known_hosts` into the folder; returns the path of `hosts.yml`. */
  writeInventory(folder: string, options?: InventoryOptions): Promise<string>
}

export interface ExecOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
}

export function createLab({ name, network = '192.0.2' }: { readonly name: string; readonly network?: string }): Lab {
  if (!/^[a-z][a-z0-9]{0,15}$/.test(name)) throw new Error(`A lab's name is up to 16 letters and digits, not ${name}`)
  const folder = join(cacheFolder, 'labs', name)
  const key = join(folder, 'key')

  const state = (): LabState => {
    const found = readState(folder)
    if (found === undefined) throw new Error(`Lab ${name} is not up`)
    return found
  }
  const hosts = (role: Role): readonly LabHost[] => state().hosts.filter((host) => host.role === role)
  const host = (wanted: string): LabHost => {
    const found = state().hosts.find((each) => each.name === wanted)
    if (found === undefined) throw new Error(`Lab ${name} has no host ${wanted}`)
    return found
  }

  return {
    name,
    folder,
    state,
    hosts,
    host,
    isUp: () => existsSync(join(folder, 'lab.json')),
    async up(plan) {
      await createFolder(folder)
      const planned = planState({ name, folder, network }, plan)
      await writeState(folder, planned)
      await $`ssh-keygen -q -t ed25519 -N ${''} -C ${`lab ${name}`} -f ${key}`
      raiseKernelLimits()
      await createNetwork(name, `${network}.1`)
      await bootHosts(planned, await readFile(`${key}.pub`, 'utf8'))
      await createKeystores(hosts('elasticsearch'), planned.passwords.elastic)
    },
    async startElasticsearch() {
      await Promise.all(hosts('elasticsearch').map((node) => runOn(node, ['systemctl', 'start', 'elasticsearch'])))
      await untilGreen(state())
      await createUsers(state())
    },
    async startClients() {
      for (const kibana of hosts('kibana')) await runOn(kibana, ['systemctl', 'start', 'kibana'])
      for (const beat of hosts('metricbeat')) await runOn(beat, ['systemctl', 'start', 'metricbeat'])
      for (const kibana of hosts('kibana')) {
        const url = `http://${kibana.address}:5601/api/status`
        await until(async () => (await ask(name, { url })).status === 200, 'Kibana')
      }
    },
    async down() {
      await Promise.all((readState(folder)?.hosts ?? []).map(cutPower))
      await killAll(processesInGroups(name))
      await killAll(await processesInNetwork(name))
      removeGroups(name)
      await removeTree(folder)
      await removeNetwork(name)
    },
    run: async (wanted, words, options) => (await runOn(host(wanted), words, options)).stdout,
    exec: (words, { cwd = process.cwd(), env = {}, input } = {}) =>
      $({
        ...reading(input),
        cwd,
        nothrow: true,
        env: { ...process.env, ...env },
      })`ip netns exec ${namespaceOf(name)} ${words}`,
    ask: (request) => ask(name, request),
    writeInventory: (target, options) => writeInventory(target, { state: state(), key }, options),
  }
}

async function createFolder(folder: string): Promise<void> {
  await mkdir(join(folder, '..'), { recursive: true })
  await mkdir(folder, { mode: 0o700 }).catch((problem: unknown) => {
    if ((problem as NodeJS.ErrnoException).code !== 'EEXIST') throw problem
    throw new Error(`There is a lab in ${folder} already, perhaps one that was interrupted: take it down first`)
  })
}

/** Layers of a role's file system, uppermost first, and what is bound into its hosts. */
interface Image {
  readonly layers: readonly string[]
  readonly bindings: readonly Binding[]
}

async function bootHosts(state: LabState, publicKey: string): Promise<void> {
  const nodes = state.hosts.filter((host) => host.role === 'elasticsearch')
  const images = await imagesFor(state)
  const bring = async (host: LabHost): Promise<void> => {
    await prepareMachine(host, images[host.role].layers, { publicKey, hosts: state.hosts })
    if (host.role === 'elasticsearch') await configureElasticsearch(host, nodes)
    if (host.role === 'metricbeat') await configureMetricbeat(host, state)
    if (host.role === 'kibana') await configureKibana(host, state)
    await bootMachine(host, images[host.role].bindings)
  }
  await Promise.all(state.hosts.map(bring))
}

async function imagesFor(state: LabState): Promise<Readonly<Record<Role, Image>>> {
  const base = await baseTree()
  const bare = [await hostLayer([base]), base]
  const image = async (
    role: Role,
    layer: () => Promise<{ readonly layer: string; readonly bindings: readonly Binding[] }>,
  ): Promise<Image> => {
    if (!state.hosts.some((host) => host.role === role)) return { layers: bare, bindings: [] }
    const made = await layer()
    return { layers: [made.layer, ...bare], bindings: made.bindings }
  }
  return {
    plain: { layers: bare, bindings: [] },
    elasticsearch: await image('elasticsearch', () => elasticsearchLayer(state.plan.version, bare)),
    metricbeat: await image('metricbeat', async () => ({ layer: await metricbeatLayer(bare), bindings: [] })),
    kibana: await image('kibana', () => kibanaLayer(state.plan.version, bare)),
  }
}

async function untilGreen(state: LabState): Promise<void> {
  await until(async () => {
    const answer = await askElasticsearch(state, { path: '/_cluster/health' })
    if (answer.status !== 200) return false
    const health = JSON.parse(answer.body) as { status: string; number_of_nodes: number }
    return health.status === 'green' && health.number_of_nodes === state.plan.nodes
  }, 'a green cluster')
}

// Native users are refused with 503 until their index has started, some moments after the port opened.
async function createUsers(state: LabState): Promise<void> {
  const { kibanaSystem, metricbeatWriter } = state.passwords
  const requests = [
    { method: 'PUT', path: `/_security/role/${metricbeatUser}`, body: metricbeatRole },
    {
      method: 'PUT',
      path: `/_security/user/${metricbeatUser}`,
      body: { password: metricbeatWriter, roles: [metricbeatUser] },
    },
    { method: 'POST', path: '/_security/user/kibana_system/_password', body: { password: kibanaSystem } },
  ] as const
  for (const request of requests) {
    await until(async () => {
      const { status, body } = await askElasticsearch(state, request)
      if (status >= 400 && status !== 503) throw new Error(`${request.method} ${request.path}: ${status} ${body}`)
      return status === 200
    }, `the answer to ${request.path}`)
  }
}

async function askElasticsearch(
  state: LabState,
  request: Pick<RestRequest, 'method' | 'body'> & { readonly path: string },
): Promise<RestAnswer> {
  const node = state.hosts.find((host) => host.role === 'elasticsearch')!
  const credentials = { user: 'elastic', password: state.passwords.elastic }
  const { path, ...rest } = request
  return ask(node.lab, { ...rest, ...credentials, url: `http://${node.address}:9200${path}` })
}
