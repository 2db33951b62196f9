import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { existsSync } from 'node:fs'
import { copyFile, readdir, readFile, rename } from 'node:fs/promises'
import { isFrom } from '../../src/pki/reissue-reason.ts'
import type { CertificateStatus } from '../../src/report/certificates-table.ts'
import { inSteps } from '../support/in-steps.ts'
import { changesOf, type ElksealEvent, type ElksealRun } from './elkseal.ts'
import { defaultPlan } from './lab-state.ts'
import { needsLab } from './prerequisites.ts'
import { SecuredCluster, tell } from './secured-cluster.ts'
import { underLoad } from './under-load.ts'

const tasks = {
  bothTrusted: 'Both CAs, in one file',
  issued: 'The certificate of each node',
  served: 'The running node serves it, and the next CA alone verifies it',
  promoted: 'The next CA takes the place of the current one in the store',
  oldDropped: 'The CA that clients trust from now on',
} as const

describe('rotating the CA of a running stack', function () {
  this.timeout('15m')
  inSteps(this)

  const cluster = new SecuredCluster('rotation', defaultPlan)
  const { lab } = cluster

  before(async function () {
    await needsLab(this)
    await cluster.up()
  })

  after(() => cluster.down())

  const rotate = (...words: readonly string[]) => cluster.run('rotate-ca.yml', ...words)
  const rotates = async (...words: readonly string[]): Promise<ElksealRun> => {
    const rotated = await rotate(...words)
    assert.equal(rotated.exitCode, 0, rotated.text)
    return rotated
  }
  const clientProcesses = async (): Promise<readonly string[]> =>
    Promise.all(
      [
        ['kibana1', 'kibana'],
        ['beat1', 'metricbeat'],
      ].map(([host, unit]) => lab.run(host!, ['systemctl', 'show', '--property=MainPID', '--value', unit!])),
    )

  /** All that a rotation may change: the store, the nodes' files, what clients trust. */
  const picture = async (): Promise<unknown> => {
    const store = (await readdir(cluster.pki(), { recursive: true })).sort()
    const contents = await Promise.all(store.map((name) => readFile(cluster.pki(name), 'utf8').catch(() => 'folder')))
    const sum = (host: string, path: string) => lab.run(host, ['sha256sum', path])
    const files = cluster.names.map((name) => sum(name, '/etc/elasticsearch/http.p12'))
    const trust = [
      sum('kibana1', '/etc/kibana/elasticsearch-ca.pem'),
      sum('beat1', '/etc/metricbeat/elasticsearch-ca.pem'),
    ]
    return [store, contents, await Promise.all([...files, ...trust])]
  }

  const authority = async (name: string): Promise<X509Certificate> =>
    new X509Certificate(await readFile(cluster.pki('ca', name)))

  const verifiesBy = async (address: string, caFile: string): Promise<boolean> => {
    const verify = ['-verify_return_error', '-verify_ip', address, '-CAfile', caFile]
    const words = ['openssl', 's_client', '-connect', `${address}:9200`, ...verify]
    return /Verification: OK/.test((await lab.exec(words)).stdout)
  }

  /** Nodes that a client can talk to that trusts this file alone. */
  const trustedBy = async (caFile: string): Promise<readonly string[]> => {
    const nodes = cluster.nodes
    const verdicts = await Promise.all(nodes.map((node) => verifiesBy(node.address, caFile)))
    return nodes.filter((_, index) => verdicts[index]).map((node) => node.name)
  }

  const subjectsOf = async (host: string, path: string): Promise<number> =>
    (await lab.run(host, ['grep', '-c', 'BEGIN CERTIFICATE', path])).trim() === '2' ? 2 : 1

  const clientsTrust = async (): Promise<readonly number[]> => [
    await subjectsOf('kibana1', '/etc/kibana/elasticsearch-ca.pem'),
    await subjectsOf('beat1', '/etc/metricbeat/elasticsearch-ca.pem'),
  ]

  const certs = async (): Promise<readonly CertificateStatus[]> => {
    const shown = await cluster.elkseal('certs')
    assert.equal(shown.exitCode, 0, shown.text)
    return shown.events.filter((event) => event.event === 'certificate') as unknown as CertificateStatus[]
  }

  const verifies = async (): Promise<void> => {
    const verified = await cluster.elkseal('verify')
    assert.equal(verified.exitCode, 0, verified.text)
  }

  /** The store after a rotation: one CA, the certificate of the one before, and the bundle has the one alone. */
  const isOver = async (old: X509Certificate): Promise<void> => {
    const [current, bundle] = [await authority('http-ca.crt'), await readFile(cluster.caFile, 'utf8')]
    assert.notEqual(current.fingerprint256, old.fingerprint256)
    assert.equal(bundle, current.toString())
    assert.ok(!existsSync(cluster.pki('ca/http-ca-next.crt')) && !existsSync(cluster.pki('ca/http-ca-next.key')))
    const former = `http-ca-old-${old.serialNumber.toLowerCase().replace(/^0+/, '')}.crt`
    assert.equal((await authority(former)).fingerprint256, old.fingerprint256)
    assert.deepEqual(await trustedBy(cluster.pki('ca/http-ca.crt')), cluster.names)
    assert.deepEqual(await trustedBy(cluster.pki('ca', former)), [])
    assert.deepEqual(await clientsTrust(), [1, 1])
    await verifies()
  }

  it('does nothing while the CA outlives its certificates', async () => {
    const before = await picture()
    const idle = await rotates()
    assert.deepEqual(changesOf(idle), [])
    assert.match(told(idle), /nothing to do: the CA is valid until \d{4}-\d\d-\d\d, its rotation starts/)
    assert.deepEqual(await picture(), before)
  })

  it('changes nothing when a client is not reachable, or does not run', async () => {
    const before = await picture()
    await lab.run('beat1', ['systemctl', 'stop', 'ssh'])
    const unreachable = await rotate('-e', 'rotate=force')
    assert.equal(unreachable.exitCode, 4, unreachable.text)
    assert.deepEqual(changesOf(unreachable), [])
    await lab.run('beat1', ['systemctl', 'start', 'ssh'])
    await lab.run('kibana1', ['systemctl', 'stop', 'kibana'])
    const down = await rotate('-e', 'rotate=force')
    assert.equal(down.exitCode, 2, down.text)
    assert.match(told(down), /Kibana on kibana1 does not run/)
    await lab.run('kibana1', ['systemctl', 'start', 'kibana'])
    assert.deepEqual(await picture(), before)
  })

  it('needs all hosts', async () => {
    const limited = await rotate('-e', 'rotate=force', '--limit', 'elasticsearch')
    assert.equal(limited.exitCode, 2, limited.text)
    assert.match(told(limited), /Kibana on kibana1 was not looked at/)
  })

  it('goes through all phases under load: no request fails, no node restarts, and check mode had listed it', async () => {
    const [before, old] = [await picture(), await authority('http-ca.crt')]
    const checked = await rotates('--check', '-e', 'rotate=force')
    assert.deepEqual(await picture(), before)
    const [pids, bundle] = [await cluster.processes(), cluster.path('given.pem')]
    await give(bundle)
    const { ran, report } = await underLoad(cluster, { seconds: 300, caFile: bundle }, async () => {
      const started = cluster.start('rotate-ca.yml', '-e', 'rotate=force')
      await started.reaches(finished(tasks.bothTrusted))
      await give(bundle)
      await started.reaches(finished(tasks.oldDropped))
      await give(bundle)
      const rotated = await started.ended
      // The last bundle has the new CA alone: a while with it.
      await new Promise((resolve) => setTimeout(resolve, 3000))
      return rotated
    })
    assert.equal(report.bundles, 3)
    assert.deepEqual(await cluster.processes(), pids)
    await isOver(old)
    assert.deepEqual(changesOf(ran).map(withoutSums), changesOf(checked).map(withoutSums))
    tell({ requests: report.requests, slowestMs: report.slowestMs, bundles: report.bundles })
  })

  it('does nothing a second time', async () => {
    const before = [await picture(), await cluster.processes(), await clientProcesses()]
    assert.deepEqual(changesOf(await rotates()), [])
    assert.deepEqual([await picture(), await cluster.processes(), await clientProcesses()], before)
  })

  it('is planned with all its phases, and applied as planned', async () => {
    const [before, old, pids] = [await picture(), await authority('http-ca.crt'), await cluster.processes()]
    const started = Date.now()
    const planned = await rotates('--plan-out', 'plan.json', '-e', 'rotate=force')
    const plannedAfterMs = Date.now() - started
    assert.deepEqual(await picture(), before)
    const applied = await cluster.elkseal('apply', 'plan.json', '-e', 'rotate=force')
    tell({ plannedAfterMs, appliedAfterMs: Date.now() - started - plannedAfterMs, changes: changesOf(applied).length })
    assert.equal(applied.exitCode, 0, applied.text)
    assert.deepEqual(changesOf(applied).map(withoutSums), changesOf(planned).map(withoutSums))
    assert.deepEqual(await cluster.processes(), pids)
    await isOver(old)
    const rotated = await picture()
    const again = await cluster.elkseal('apply', 'plan.json', '-e', 'rotate=force')
    assert.equal(again.exitCode, 3, again.text)
    assert.deepEqual(await picture(), rotated)
  })

  it('stops after a phase where that is wished, and what else is run in the meantime leaves it alone', async () => {
    const old = await authority('http-ca.crt')
    const trusting = await rotates('-e', 'rotate=force', '-e', 'rotate_until=trust')
    assert.match(told(trusting), /Hand .*\/elasticsearch-ca\.pem/)
    assert.deepEqual(await clientsTrust(), [2, 2])
    const next = await authority('http-ca-next.crt')
    const secured = await cluster.run('secure-http.yml')
    assert.equal(secured.exitCode, 0, secured.text)
    assert.deepEqual(changesOf(secured), [])
    const renewed = await cluster.run('renew.yml', '-e', 'renew=force')
    assert.equal(renewed.exitCode, 0, renewed.text)
    for (const { served } of await certs()) assert.equal(served.issued_by, 'http-ca')
    assert.deepEqual(changesOf(await rotates('-e', 'rotate=force', '-e', 'rotate_until=trust')), [])
    await rotates('-e', 'rotate_until=reissue')
    for (const { served, renewal } of await certs()) {
      assert.deepEqual([served.issued_by, renewal.action], ['http-ca-next', 'none'])
    }
    assert.equal((await authority('http-ca-next.crt')).fingerprint256, next.fingerprint256)
    const again = await cluster.run('renew.yml', '-e', 'renew=force')
    assert.equal(again.exitCode, 0, again.text)
    for (const { served } of await certs()) assert.equal(served.issued_by, 'http-ca-next')
    assert.deepEqual(changesOf(await cluster.run('secure-http.yml')), [])
    assert.deepEqual(await clientsTrust(), [2, 2])
    await rotates()
    assert.equal((await authority('http-ca.crt')).fingerprint256, next.fingerprint256)
    await isOver(old)
  })

  it('is carried on from wherever it was cut off', async () => {
    const old = await authority('http-ca.crt')
    const pids = await cluster.processes()
    const nodes = cluster.nodes
    const usable = async (): Promise<void> => {
      assert.deepEqual(
        await trustedBy(cluster.caFile),
        nodes.map((node) => node.name),
      )
    }
    await cutOff('SIGINT', finished(tasks.bothTrusted), '-e', 'rotate=force')
    const next = await authority('http-ca-next.crt')
    await usable()
    await cutOff('SIGKILL', on('kibana1', 'A restart, for Kibana reads them only when it starts'))
    await usable()
    await cutOff('SIGKILL', finished(tasks.issued))
    assert.deepEqual(await clientsTrust(), [2, 2])
    const issued = (await certs()).filter(({ store }) => store.issued_by === 'http-ca-next')
    assert.ok(issued.length > 0)
    for (const { file, renewal } of issued) assert.deepEqual([file.issued_by, renewal.action], ['http-ca', 'refuse'])
    const refused = await cluster.run('renew.yml')
    assert.equal(refused.exitCode, 2, refused.text)
    assert.match(told(refused), /CA rotation.*rotate-ca\.yml/s)
    await cutOff('SIGINT', finished(tasks.served))
    await usable()
    await cutOff('SIGKILL', finished(tasks.promoted))
    await usable()
    await rotates()
    const current = await authority('http-ca.crt')
    assert.equal(current.fingerprint256, next.fingerprint256, 'no second one was begun')
    for (const name of cluster.names) {
      assert.ok(isFrom(new X509Certificate(await readFile(cluster.pki(name, 'http.crt'))), current), name)
    }
    assert.deepEqual(await cluster.processes(), pids)
    await isOver(old)
    assert.deepEqual(changesOf(await rotates()), [])
  })

  /** Ends a run when an event comes, and so in the middle of what follows it. */
  async function cutOff(
    signal: 'SIGINT' | 'SIGKILL',
    at: (event: ElksealEvent) => boolean,
    ...words: readonly string[]
  ): Promise<void> {
    const started = cluster.start('rotate-ca.yml', ...words)
    await started.reaches(at)
    started.signal(signal)
    const ended = await started.ended
    assert.notEqual(ended.exitCode, 0, ended.text)
  }

  /** The bundle as it is in the store now, in one piece. */
  async function give(bundle: string): Promise<void> {
    await copyFile(cluster.caFile, `${bundle}.new`)
    await rename(`${bundle}.new`, bundle)
  }
})

function finished(task: string): (event: ElksealEvent) => boolean {
  return (event) => event.event === 'task' && event.task === task && ['ok', 'changed'].includes(event.status ?? '')
}

function on(host: string, task: string): (event: ElksealEvent) => boolean {
  return (event) => finished(task)(event) && event.host === host
}

/** What it said, of all tasks. */
function told(run: ElksealRun): string {
  return run.events.map(({ summary = '', hint = '' }) => `${summary} ${hint}`).join('\n')
}

/** Keys and serial numbers of a check are not those of the run. */
function withoutSums(change: string): string {
  return change.replaceAll(/\b[0-9a-f]{6,}\b…?/g, '…')
}
