import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ElksealRun } from './elkseal.ts'
import { clientIndex, type ClientPlan, type ClientReport } from './renewal-client.ts'
import type { SecuredCluster } from './secured-cluster.ts'

const client = join(import.meta.dirname, 'renewal-client.ts')

/** How long the client works at the most, and what is not as it is by default. */
export type Load = Pick<ClientPlan, 'seconds'> & Partial<Pick<ClientPlan, 'caFile' | 'triesNext'>>

/** A client writes and searches from before a run to after it. No request may fail, no document be lost or doubled. */
export async function underLoad(
  cluster: SecuredCluster,
  load: Load,
  work: () => Promise<ElksealRun>,
): Promise<{ readonly ran: ElksealRun; readonly seconds: number; readonly report: ClientReport }> {
  await emptyIndex(cluster)
  const stopFile = cluster.path(`stop-${Date.now()}`)
  const driving = drive(cluster, { ...load, stopFile })
  const began = Date.now()
  const ran = await work().finally(() => writeFile(stopFile, ''))
  const seconds = (Date.now() - began) / 1000
  const report = await driving
  assert.equal(ran.exitCode, 0, ran.text)
  assert.ok(report.isStopped, 'the client was at work for the whole run')
  assert.deepEqual(report.failed, [])
  assert.deepEqual(await documents(cluster), sorted(report.created))
  return { ran, seconds, report }
}

async function emptyIndex(cluster: SecuredCluster): Promise<void> {
  await cluster.ask(`/${clientIndex}`, { method: 'DELETE' })
  const settings = { number_of_shards: cluster.nodes.length, number_of_replicas: 1 }
  await cluster.ask(`/${clientIndex}`, { method: 'PUT', body: { settings } })
  await cluster.ask('/_cluster/health?wait_for_status=green&timeout=60s')
}

async function drive(cluster: SecuredCluster, plan: Load & { readonly stopFile: string }): Promise<ClientReport> {
  const { lab, caFile } = cluster
  const nodes = cluster.nodes.map((node) => node.address)
  const whole: ClientPlan = { caFile, ...plan, nodes, password: lab.state().passwords.elastic, perSecond: 20 }
  const output = await lab.exec([process.execPath, client], { input: JSON.stringify(whole) })
  assert.equal(output.exitCode, 0, output.stderr)
  return JSON.parse(output.stdout) as ClientReport
}

async function documents(cluster: SecuredCluster): Promise<readonly number[]> {
  await cluster.ask(`/${clientIndex}/_refresh`)
  const found = (await cluster.ask(`/${clientIndex}/_search?size=10000&_source=false`)) as {
    readonly hits: { readonly hits: readonly { readonly _id: string }[] }
  }
  return sorted(found.hits.hits.map((hit) => Number(hit._id)))
}

function sorted(numbers: readonly number[]): readonly number[] {
  return numbers.toSorted((a, b) => a - b)
}
