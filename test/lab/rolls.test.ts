import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { elasticsearchVersions, type ElasticsearchVersion } from '../support/elasticsearch-distribution.ts'
import { inSteps } from '../support/in-steps.ts'
import { elkseal, type ElksealRun } from './elkseal.ts'
import { createLab } from './lab.ts'
import { defaultPlan } from './lab-state.ts'
import { needsLab } from './prerequisites.ts'
import { clientIndex, type ClientPlan, type ClientReport } from './renewal-client.ts'

const playbooks = join(import.meta.dirname, '../../playbooks')
const client = join(import.meta.dirname, 'renewal-client.ts')

interface Cluster {
  readonly version: ElasticsearchVersion
  readonly nodes: number
}

interface TimedEvent {
  readonly event: string
  readonly play?: string
  readonly host?: string
  readonly module?: string
  readonly status?: string
  readonly duration_ms?: number
}

// ELKSEAL_LAB_ROLLS=all: five nodes of 9.5.0, and three of each older version, for which CI has no time.
for (const { version, nodes } of clusters()) {
  describe(`rolls over ${String(nodes)} nodes of ${version} under load`, function () {
    this.timeout('15m')
    inSteps(this)

    const lab = createLab({ name: `rolls${version.replaceAll('.', '')}` })
    let folder = ''
    let inventory = ''
    let caFile = ''

    before(async function () {
      await needsLab(this)
      await lab.down()
      await lab.up({ ...defaultPlan, version, nodes, kibana: false, metricbeat: false })
      await lab.startElasticsearch()
      folder = await mkdtemp(join(tmpdir(), 'elkseal-rolls-'))
      inventory = await lab.writeInventory(join(folder, 'inventory'), { login: 'ops' })
      caFile = join(folder, 'inventory/pki/elasticsearch-ca.pem')
      await writeFile(join(folder, 'vault-password'), 'vault password of the lab\n', { mode: 0o600 })
      const secured = await run('secure-http.yml')
      assert.equal(secured.exitCode, 0, secured.text)
    })

    after(async () => {
      if (process.env['ELKSEAL_LAB_KEEP'] !== '1') await lab.down()
      if (folder !== '') await rm(folder, { recursive: true, force: true })
    })

    const run = (playbook: string, ...words: readonly string[]): Promise<ElksealRun> =>
      elkseal(
        lab,
        [
          'run',
          join(playbooks, playbook),
          ...words,
          '-i',
          inventory,
          '--vault-password-file',
          join(folder, 'vault-password'),
        ],
        { cwd: folder },
      )

    const ask = async (path: string, body?: unknown): Promise<unknown> => {
      const url = `https://${lab.hosts('elasticsearch')[0]!.address}:9200${path}`
      const words = { url, user: 'elastic', password: lab.state().passwords.elastic, ca: caFile }
      const answer = await lab.ask(body === undefined ? words : { ...words, method: 'PUT', body })
      assert.ok(answer.status >= 200 && answer.status < 300, `${path}: ${answer.status} ${answer.body}`)
      return JSON.parse(answer.body)
    }

    const onNodes = async (look: (node: { readonly name: string; readonly address: string }) => Promise<string>) =>
      Object.fromEntries(
        await Promise.all(lab.hosts('elasticsearch').map(async (node) => [node.name, await look(node)] as const)),
      )

    const processes = () =>
      onNodes(({ name }) => lab.run(name, ['systemctl', 'show', '--property=MainPID', '--value', 'elasticsearch']))

    const served = () =>
      onNodes(async ({ address }) => {
        const verify = ['-verify_return_error', '-verify_ip', address, '-CAfile', caFile]
        const { stdout, stderr } = await lab.exec(['openssl', 's_client', '-connect', `${address}:9200`, ...verify])
        assert.match(stdout, /Verification: OK/, stderr)
        return new X509Certificate(/-----BEGIN CERTIFICATE-----[^]+?-----END CERTIFICATE-----/.exec(stdout)![0])
          .serialNumber
      })

    /** A client at work from before the run to after it: what came of both, and that no document is lost or doubled. */
    const underLoad = async (
      plan: Pick<ClientPlan, 'seconds'> & { readonly triesNext: boolean },
      work: () => Promise<ElksealRun>,
    ): Promise<{ readonly report: ClientReport; readonly result: ElksealRun }> => {
      await emptyIndex()
      const stopFile = join(folder, `stop-${String(Date.now())}`)
      const addresses = lab.hosts('elasticsearch').map((node) => node.address)
      const whole = {
        ...plan,
        stopFile,
        nodes: addresses,
        caFile,
        password: lab.state().passwords.elastic,
        perSecond: 20,
      }
      const driving = lab.exec([process.execPath, client], { input: JSON.stringify(whole) })
      const result = await work()
      await writeFile(stopFile, '')
      const output = await driving
      assert.equal(output.exitCode, 0, output.stderr)
      const report = JSON.parse(output.stdout) as ClientReport
      assert.equal(result.exitCode, 0, result.text)
      assert.ok(report.isStopped, 'the client was at work for the whole run')
      assert.deepEqual(report.failed, [])
      await ask(`/${clientIndex}/_refresh`)
      const found = (await ask(`/${clientIndex}/_search?size=10000&_source=false`)) as {
        readonly hits: { readonly hits: readonly { readonly _id: string }[] }
      }
      const ids = found.hits.hits.map((hit) => Number(hit._id))
      assert.deepEqual(sorted(ids), sorted(report.created))
      return { report, result }
    }

    it('renews every certificate: no request fails, no document is lost, no node restarts', async () => {
      const [serials, pids] = [await served(), await processes()]
      const { report, result } = await underLoad({ seconds: 180, triesNext: false }, () =>
        run('renew.yml', '-e', 'renew=force'),
      )
      const renewed = await served()
      for (const [name, serial] of Object.entries(renewed)) assert.notEqual(serial, serials[name], name)
      assert.deepEqual(await processes(), pids)
      assert.equal(report.conflicts, 0)
      tell(version, nodes, {
        roll: 'renew',
        ...figures(report),
        seconds: batchSeconds(result, 'Elasticsearch serves the new certificate'),
      })
    })

    it('restarts every node: no request of a client that tries the next node fails', async () => {
      const pids = await processes()
      const { report, result } = await underLoad({ seconds: 900, triesNext: true }, () => run('restart.yml'))
      for (const [name, pid] of Object.entries(await processes())) assert.notEqual(pid, pids[name], name)
      const settings = (await ask('/_cluster/settings?flat_settings=true')) as { readonly persistent: object }
      assert.deepEqual(settings.persistent, {})
      tell(version, nodes, {
        roll: 'restart',
        ...figures(report),
        seconds: batchSeconds(result, 'Elasticsearch restarts'),
      })
    })

    async function emptyIndex(): Promise<void> {
      const url = `https://${lab.hosts('elasticsearch')[0]!.address}:9200/${clientIndex}`
      await lab.ask({ url, user: 'elastic', password: lab.state().passwords.elastic, ca: caFile, method: 'DELETE' })
      await ask(`/${clientIndex}`, { settings: { number_of_shards: nodes, number_of_replicas: 1 } })
      await ask('/_cluster/health?wait_for_status=green&timeout=60s')
    }
  })
}

function figures({ requests, failed, retried, conflicts, slowestMs, created }: ClientReport): object {
  return { requests, failed: failed.length, retried, conflicts, documents: created.length, slowestMs }
}

/** From the first task of a batch to its last, by node: they run one after the other. */
function batchSeconds({ events }: ElksealRun, play: string): Readonly<Record<string, number>> {
  const seconds: Record<string, number> = {}
  for (const event of events as readonly TimedEvent[]) {
    if (event.event !== 'task' || event.play !== play || event.host === undefined) continue
    seconds[event.host] = (seconds[event.host] ?? 0) + (event.duration_ms ?? 0) / 1000
  }
  return Object.fromEntries(Object.entries(seconds).map(([host, sum]) => [host, Math.round(sum * 10) / 10]))
}

function sorted(numbers: readonly number[]): readonly number[] {
  return numbers.toSorted((a, b) => a - b)
}

/** The figures, for whoever runs this to know them. */
function tell(version: string, nodes: number, found: object): void {
  process.stdout.write(`      ${JSON.stringify({ version, nodes, ...found })}\n`)
}

function clusters(): readonly Cluster[] {
  const chosen = (process.env['ELKSEAL_LAB_ROLLS'] ?? defaultPlan.version).split(',')
  return elasticsearchVersions
    .filter((version) => chosen.includes('all') || chosen.includes(version))
    .map((version) => ({ version, nodes: version === defaultPlan.version ? 5 : 3 }))
}
