import assert from 'node:assert/strict'
import type { X509Certificate } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { certificateOf, readPkcs12, writePkcs12 } from '../../src/pki/pkcs12.ts'
import type { TransportStatus } from '../../src/report/transport-table.ts'
import { Secret } from '../../src/secrets/secret.ts'
import { inSteps } from '../support/in-steps.ts'
import { changesOf, type ElksealRun } from './elkseal.ts'
import { until } from './machine.ts'
import { needsLab } from './prerequisites.ts'
import { SecuredCluster, shownCertificate, tell } from './secured-cluster.ts'
import { transportAuthorityPassword, transportCertificates, transportPassword } from './transport-certificates.ts'
import { underLoad } from './under-load.ts'

const p12 = '/etc/elasticsearch/elastic-certificates.p12'

interface ElectedMaster {
  readonly nodes: number
  readonly master: string
  /** It grows with each election. */
  readonly term: number
}

describe('the TLS between the nodes of a running cluster', function () {
  this.timeout('15m')
  inSteps(this)

  const cluster = new SecuredCluster('transport')
  const { lab } = cluster
  let withAuthority: readonly string[] = []

  before(async function () {
    await needsLab(this)
    await cluster.up()
    const own = join(dirname(await transportCertificates()), 'elastic-stack-ca.p12')
    const variables = { transport_ca_path: own, transport_ca_password: transportAuthorityPassword }
    await writeFile(cluster.path('own-ca.json'), JSON.stringify(variables), { mode: 0o600 })
    withAuthority = ['-e', `@${cluster.path('own-ca.json')}`]
  })

  after(() => cluster.down())

  const files = () => cluster.onNodes('stat', '-c', '%U:%G %a %Y %s', p12)

  /** What openssl is shown on the transport port: a node shows its certificate before it asks for ours. */
  const served = async (): Promise<Readonly<Record<string, X509Certificate>>> => {
    const nodes = cluster.nodes.map(async ({ name, loopback }) => {
      const script = `openssl s_client -connect ${loopback}:9300 </dev/null 2>/dev/null || true`
      const shown = await lab.run(name, ['sh', '-c', script])
      return [name, shownCertificate(shown)] as const
    })
    return Object.fromEntries(await Promise.all(nodes))
  }

  const elected = async (): Promise<ElectedMaster> => {
    const path =
      '/_cluster/state/master_node,nodes,metadata?filter_path=master_node,nodes.*.name,metadata.cluster_coordination.term'
    const state = (await cluster.ask(path)) as {
      readonly master_node: string
      readonly nodes: Readonly<Record<string, unknown>>
      readonly metadata: { readonly cluster_coordination: { readonly term: number } }
    }
    const { term } = state.metadata.cluster_coordination
    return { nodes: Object.keys(state.nodes).length, master: state.master_node, term }
  }

  /** Under load nobody may start or be elected either. */
  async function runs(playbook: string, ...words: readonly string[]): Promise<ElksealRun> {
    const [pids, master] = [await cluster.processes(), await elected()]
    const work = () => cluster.run(playbook, ...words)
    const { ran, seconds, report } = await underLoad(cluster, { seconds: 180 }, work)
    assert.deepEqual([await cluster.processes(), await elected()], [pids, master])
    tell({ playbook, requests: report.requests, slowestMs: report.slowestMs, seconds, ...master })
    tell(slowest(ran))
    return ran
  }

  it('is shown by elkseal certs, with what a renewal would need', async () => {
    const shown = await cluster.elkseal('certs')
    assert.equal(shown.exitCode, 0, shown.text)
    const nodes = shown.events.filter((event) => event.event === 'transport_certificate')
    const found = nodes as unknown as readonly TransportStatus[]
    assert.deepEqual(
      found.map((node) => [node.host, node.renewal.action, node.served.serial]),
      cluster.names.map((name) => [name, 'none', found[0]!.file.serial]),
    )
    for (const { renewal } of found) assert.match(renewal.text, /when its CA ends.*its CA is not in hand$/)
  })

  it('is left alone by a renewal that cannot renew it, and is not due yet', async () => {
    const before = await files()
    const renewed = await cluster.run('renew.yml', '-e', 'renew=force')
    assert.equal(renewed.exitCode, 0, renewed.text)
    assert.deepEqual(await files(), before)
  })

  it('is renewed under load: each node has a certificate of its own, no request fails, no node restarts', async () => {
    const before = await served()
    assert.equal(new Set(Object.values(before).map((one) => one.serialNumber)).size, 1, 'certutil made one for all')
    await runs('renew-transport.yml', '-e', 'renew=force', ...withAuthority)
    const after = await served()
    assert.equal(new Set(Object.values(after).map((one) => one.serialNumber)).size, 3)
    for (const [name, certificate] of Object.entries(after)) {
      assert.equal(certificate.subject, `CN=${name}`)
      assert.equal(certificate.issuer, before[name]!.issuer)
    }
  })

  it('changes nothing while nothing is due', async () => {
    const before = await files()
    const idle = await cluster.run('renew-transport.yml', ...withAuthority)
    assert.equal(idle.exitCode, 0, idle.text)
    assert.deepEqual([changesOf(idle), await files()], [[], before])
  })

  it('does not go over to another CA while a node of the cluster is left out', async () => {
    const before = await files()
    const refused = await cluster.run('rotate-transport-ca.yml', '--limit', 'es1,es3')
    assert.equal(refused.exitCode, 2, refused.text)
    assert.match(refused.text, /nodes that are not in this run: es2/)
    assert.deepEqual(await files(), before)
  })

  it('goes over to another CA under load, in three phases, with no key of the old one, as a check has foretold', async () => {
    const before = await files()
    const checked = await cluster.run('rotate-transport-ca.yml', '--check', '--diff')
    assert.equal(checked.exitCode, 0, checked.text)
    assert.deepEqual(await files(), before)
    const rotated = await runs('rotate-transport-ca.yml')
    assert.deepEqual(changesOf(checked), changesOf(rotated))
    for (const certificate of Object.values(await served())) {
      assert.equal(certificate.issuer, 'CN=Elasticsearch Transport CA')
    }
    const changes = changesOf(rotated)
    for (const name of cluster.names) {
      assert.deepEqual(
        changes.filter((line) => line.startsWith(`${name}: `) && line.includes(p12)).length,
        3,
        changes.join('\n'),
      )
    }
  })

  it('changes nothing the second time', async () => {
    const before = await files()
    const second = await cluster.run('rotate-transport-ca.yml')
    assert.equal(second.exitCode, 0, second.text)
    assert.deepEqual([changesOf(second), await files()], [[], before])
  })

  it('stops when both CAs are trusted, where that is wanted, and is carried on by the next run', async () => {
    const before = await served()
    const first = await cluster.run('rotate-transport-ca.yml', '-e', 'rotate=force', '-e', 'rotate_until=trust')
    assert.equal(first.exitCode, 0, first.text)
    assert.deepEqual(serials(await served()), serials(before))
    const second = await cluster.run('rotate-transport-ca.yml')
    assert.equal(second.exitCode, 0, second.text)
    for (const [name, serial] of Object.entries(serials(await served()))) {
      assert.notEqual(serial, before[name]!.serialNumber)
    }
    const third = await cluster.run('rotate-transport-ca.yml')
    assert.deepEqual(changesOf(third), [])
  })

  it('tells the cause of a reload that failed, puts the old file back, and stops there', async () => {
    // As if someone had changed the password since the start: Elasticsearch goes on with the old one.
    const other = new Secret('lab-transport-other')
    const bytes = Buffer.from(await lab.run('es2', ['base64', '-w0', p12]), 'base64')
    const store = readPkcs12(bytes, new Secret(transportPassword))
    const [key] = store.keys
    const certificate = key === undefined ? undefined : certificateOf(store, key)
    assert.ok(key !== undefined && certificate !== undefined)
    const trusted = store.certificates.filter((one) => one.isTrusted).map((one) => ({ ...one, alias: 'ca' }))
    const replaced = writePkcs12({ ...key, alias: 'instance', certificate, chain: [] }, other, trusted)
    await lab.run('es2', ['sh', '-c', `base64 -d > ${p12}`], { input: replaced.toString('base64') })
    const tool = '/usr/share/elasticsearch/bin/elasticsearch-keystore'
    const settings = ['keystore', 'truststore'].map((name) => `xpack.security.transport.ssl.${name}.secure_password`)
    await lab.run('es2', [tool, 'add', '-x', '-f', ...settings], { input: `${other.reveal()}\n`.repeat(2) })
    const [before, serial] = [await lab.run('es2', ['sha256sum', p12]), serials(await served())['es2']]
    const failed = await cluster.run('renew-transport.yml', '-e', 'renew=force')
    assert.equal(failed.exitCode, 2, failed.text)
    assert.match(
      failed.text,
      /could not read the file, and goes on with the old certificate: the password .* does not open/,
    )
    assert.equal(await lab.run('es2', ['sha256sum', p12]), before)
    assert.equal(serials(await served())['es2'], serial)
  })

  it('lets a node that restarts join with what it has now', async () => {
    const before = await elected()
    await lab.run('es2', ['systemctl', 'restart', 'elasticsearch'])
    await until(async () => (await elected()).nodes === before.nodes, 'es2 to join')
    await cluster.ask('/_cluster/health?wait_for_status=green&timeout=60s')
    const checked = await cluster.run('renew-transport.yml')
    assert.equal(checked.exitCode, 0, checked.text)
  })
})

function serials(shown: Readonly<Record<string, X509Certificate>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(shown).map(([name, one]) => [name, one.serialNumber]))
}

/** Seconds of the tasks that took longest, by host and module. */
function slowest({ events }: ElksealRun): readonly string[] {
  return events
    .filter((one) => one.event === 'task' && (one.duration_ms ?? 0) > 1000)
    .map(({ host = '', module = '', duration_ms: ms = 0 }) => `${host} ${module} ${(ms / 1000).toFixed(1)}`)
}
