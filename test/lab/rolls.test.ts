import assert from 'node:assert/strict'
import { elasticsearchVersions, type ElasticsearchVersion } from '../support/elasticsearch-distribution.ts'
import { inSteps } from '../support/in-steps.ts'
import type { ElksealRun } from './elkseal.ts'
import { defaultPlan } from './lab-state.ts'
import { needsLab } from './prerequisites.ts'
import type { ClientReport } from './renewal-client.ts'
import { SecuredCluster, tell } from './secured-cluster.ts'
import { underLoad } from './under-load.ts'

interface Cluster {
  readonly version: ElasticsearchVersion
  readonly nodes: number
}

// ELKSEAL_LAB_ROLLS=all: five nodes of 9.5.0, and three of each older version, for which CI has no time.
for (const { version, nodes } of clusters()) {
  describe(`rolls over ${String(nodes)} nodes of ${version} under load`, function () {
    this.timeout('15m')
    inSteps(this)

    const plan = { ...defaultPlan, version, nodes, kibana: false, metricbeat: false }
    const cluster = new SecuredCluster(`rolls${version.replaceAll('.', '')}`, plan)

    before(async function () {
      await needsLab(this)
      await cluster.up()
    })

    after(() => cluster.down())

    it('renews every certificate: no request fails, no document is lost, no node restarts', async () => {
      const [serials, pids] = [await cluster.served(), await cluster.processes()]
      const { ran, report } = await underLoad(cluster, { seconds: 180 }, () =>
        cluster.run('renew.yml', '-e', 'renew=force'),
      )
      const renewed = await cluster.served()
      for (const [name, serial] of Object.entries(renewed)) assert.notEqual(serial, serials[name], name)
      assert.deepEqual(await cluster.processes(), pids)
      assert.equal(report.conflicts, 0)
      tell({
        version,
        nodes,
        roll: 'renew',
        ...figures(report),
        seconds: batchSeconds(ran, 'Elasticsearch serves the new certificate'),
      })
    })

    it('restarts every node: no request of a client that tries the next node fails', async () => {
      const pids = await cluster.processes()
      const { ran, report } = await underLoad(cluster, { seconds: 900, triesNext: true }, () =>
        cluster.run('restart.yml'),
      )
      for (const [name, pid] of Object.entries(await cluster.processes())) assert.notEqual(pid, pids[name], name)
      const settings = (await cluster.ask('/_cluster/settings?flat_settings=true')) as { readonly persistent: object }
      assert.deepEqual(settings.persistent, {})
      tell({
        version,
        nodes,
        roll: 'restart',
        ...figures(report),
        seconds: batchSeconds(ran, 'Elasticsearch restarts'),
      })
    })
  })
}

function figures({ requests, failed, retried, conflicts, slowestMs, created }: ClientReport): object {
  return { requests, failed: failed.length, retried, conflicts, documents: created.length, slowestMs }
}

/** From the first task of a batch to its last, by node: they run one after the other. */
function batchSeconds({ events }: ElksealRun, play: string): Readonly<Record<string, number>> {
  const seconds: Record<string, number> = {}
  for (const event of events) {
    if (event.event !== 'task' || event.play !== play || event.host === undefined) continue
    seconds[event.host] = (seconds[event.host] ?? 0) + (event.duration_ms ?? 0) / 1000
  }
  return Object.fromEntries(Object.entries(seconds).map(([host, sum]) => [host, Math.round(sum * 10) / 10]))
}

function clusters(): readonly Cluster[] {
  const chosen = (process.env['ELKSEAL_LAB_ROLLS'] ?? defaultPlan.version).split(',')
  return elasticsearchVersions
    .filter((version) => chosen.includes('all') || chosen.includes(version))
    .map((version) => ({ version, nodes: version === defaultPlan.version ? 5 : 3 }))
}
