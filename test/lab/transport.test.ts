import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { certificateOf, readPkcs12, writePkcs12 } from '../../src/pki/pkcs12.ts'
import type { TransportStatus } from '../../src/report/transport-table.ts'
import { Secret } from '../../src/secrets/secret.ts'
import { inSteps } from '../support/in-steps.ts'
import { changesOf, elkseal, type ElksealRun } from './elkseal.ts'
import { createLab } from './lab.ts'
import { defaultPlan } from './lab-state.ts'
import { until } from './machine.ts'
import { needsLab } from './prerequisites.ts'
import { clientIndex, type ClientPlan, type ClientReport } from './renewal-client.ts'
import { transportAuthorityPassword, transportCertificates, transportPassword } from './transport-certificates.ts'

const playbooks = join(import.meta.dirname, '../../playbooks')
const client = join(import.meta.dirname, 'renewal-client.ts')
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

  const lab = createLab({ name: 'transport' })
  let folder = ''
  let inventory = ''
  let caFile = ''
  let withAuthority: readonly string[] = []

  before(async function () {
    await needsLab(this)
    await lab.down()
    await lab.up({ ...defaultPlan, kibana: false, metricbeat: false })
    await lab.startElasticsearch()
    folder = await mkdtemp(join(tmpdir(), 'elkseal-transport-'))
    inventory = await lab.writeInventory(join(folder, 'inventory'), { login: 'ops' })
    caFile = join(folder, 'inventory/pki/elasticsearch-ca.pem')
    await writeFile(join(folder, 'vault-password'), 'vault password of the lab\n', { mode: 0o600 })
    const own = join(dirname(await transportCertificates()), 'elastic-stack-ca.p12')
    const variables = { transport_ca_path: own, transport_ca_password: transportAuthorityPassword }
    await writeFile(join(folder, 'own-ca.json'), JSON.stringify(variables), { mode: 0o600 })
    withAuthority = ['-e', `@${join(folder, 'own-ca.json')}`]
    const secured = await run('secure-http.yml')
    assert.equal(secured.exitCode, 0, secured.text)
  })

  after(async () => {
    if (process.env['ELKSEAL_LAB_KEEP'] !== '1') await lab.down()
    if (folder !== '') await rm(folder, { recursive: true, force: true })
  })

  const run = (playbook: string, ...words: readonly string[]): Promise<ElksealRun> => {
    const given = ['-i', inventory, '--vault-password-file', join(folder, 'vault-password'), ...words]
    return elkseal(lab, ['run', join(playbooks, playbook), ...given], { cwd: folder })
  }

  const names = (): readonly string[] => lab.hosts('elasticsearch').map((node) => node.name)

  const onNodes = async (...words: readonly string[]): Promise<Readonly<Record<string, string>>> =>
    Object.fromEntries(await Promise.all(names().map(async (name) => [name, await lab.run(name, words)] as const)))

  const processes = () => onNodes('systemctl', 'show', '--property=MainPID', '--value', 'elasticsearch')
  const files = () => onNodes('stat', '-c', '%U:%G %a %Y %s', p12)

  /** What openssl is shown on the transport port: a node shows its certificate before it asks for ours. */
  const served = async (): Promise<Readonly<Record<string, X509Certificate>>> => {
    const nodes = lab.hosts('elasticsearch').map(async ({ name, loopback }) => {
      const script = `openssl s_client -connect ${loopback}:9300 </dev/null 2>/dev/null || true`
      const shown = await lab.run(name, ['sh', '-c', script])
      const [pem] = /-----BEGIN CERTIFICATE-----[^]+?-----END CERTIFICATE-----/.exec(shown) ?? []
      assert.ok(pem !== undefined, shown)
      return [name, new X509Certificate(pem)] as const
    })
    return Object.fromEntries(await Promise.all(nodes))
  }

  const ask = async (path: string, more: { readonly method?: 'PUT' | 'DELETE'; readonly body?: unknown } = {}) => {
    const url = `https://${lab.hosts('elasticsearch')[0]!.address}:9200${path}`
    const answer = await lab.ask({ url, user: 'elastic', password: lab.state().passwords.elastic, ca: caFile, ...more })
    assert.ok(answer.status < 300 || more.method === 'DELETE', `${path}: ${answer.status} ${answer.body}`)
    return JSON.parse(answer.body) as unknown
  }

  const emptyIndex = async (): Promise<void> => {
    await ask(`/${clientIndex}`, { method: 'DELETE' })
    const settings = { number_of_shards: 3, number_of_replicas: 1 }
    await ask(`/${clientIndex}`, { method: 'PUT', body: { settings } })
    await ask('/_cluster/health?wait_for_status=green&timeout=60s')
  }

  const elected = async (): Promise<ElectedMaster> => {
    const path =
      '/_cluster/state/master_node,nodes,metadata?filter_path=master_node,nodes.*.name,metadata.cluster_coordination.term'
    const state = (await ask(path)) as {
      readonly master_node: string
      readonly nodes: Readonly<Record<string, unknown>>
      readonly metadata: { readonly cluster_coordination: { readonly term: number } }
    }
    const { term } = state.metadata.cluster_coordination
    return { nodes: Object.keys(state.nodes).length, master: state.master_node, term }
  }

  /** Runs a playbook while a client writes and searches. Nothing may fail, and nobody may start or be elected. */
  async function underLoad(playbook: string, ...words: readonly string[]): Promise<ElksealRun> {
    await emptyIndex()
    const [pids, master] = [await processes(), await elected()]
    const stopFile = join(folder, `stop-${Date.now()}`)
    const driving = drive({ stopFile, seconds: 180 })
    const began = Date.now()
    const ran = await run(playbook, ...words)
    const seconds = (Date.now() - began) / 1000
    await writeFile(stopFile, '')
    const report = await driving
    assert.equal(ran.exitCode, 0, ran.text)
    assert.ok(report.isStopped, 'the client was at work the whole time')
    assert.deepEqual(report.failed, [])
    assert.deepEqual([await processes(), await elected()], [pids, master])
    await ask(`/${clientIndex}/_refresh`)
    const { count } = (await ask(`/${clientIndex}/_count`)) as { readonly count: number }
    assert.equal(count, report.created.length, 'every document that was acknowledged is there, and no other')
    tell({ playbook, requests: report.requests, slowestMs: report.slowestMs, seconds, ...master })
    tell(slowest(ran))
    return ran
  }

  const drive = async (plan: Pick<ClientPlan, 'stopFile' | 'seconds'>): Promise<ClientReport> => {
    const nodes = lab.hosts('elasticsearch').map((node) => node.address)
    const whole = { ...plan, nodes, caFile, password: lab.state().passwords.elastic, perSecond: 20 }
    const output = await lab.exec([process.execPath, client], { input: JSON.stringify(whole) })
    assert.equal(output.exitCode, 0, output.stderr)
    return JSON.parse(output.stdout) as ClientReport
  }

  it('is shown by elkseal certs, with what a renewal would need', async () => {
    const words = ['certs', '-i', inventory, '--vault-password-file', join(folder, 'vault-password')]
    const shown = await elkseal(lab, words, { cwd: folder })
    assert.equal(shown.exitCode, 0, shown.text)
    const nodes = shown.events.filter((event) => event.event === 'transport_certificate')
    const found = nodes as unknown as readonly TransportStatus[]
    assert.deepEqual(
      found.map((node) => [node.host, node.renewal.action, node.served.serial]),
      names().map((name) => [name, 'none', found[0]!.file.serial]),
    )
    for (const { renewal } of found) assert.match(renewal.text, /when its CA ends.*its CA is not in hand$/)
  })

  it('is left alone by a renewal that cannot renew it, and is not due yet', async () => {
    const before = await files()
    const renewed = await run('renew.yml', '-e', 'renew=force')
    assert.equal(renewed.exitCode, 0, renewed.text)
    assert.deepEqual(await files(), before)
  })

  it('is renewed under load: each node has a certificate of its own, no request fails, no node restarts', async () => {
    const before = await served()
    assert.equal(new Set(Object.values(before).map((one) => one.serialNumber)).size, 1, 'certutil made one for all')
    await underLoad('renew-transport.yml', '-e', 'renew=force', ...withAuthority)
    const after = await served()
    assert.equal(new Set(Object.values(after).map((one) => one.serialNumber)).size, 3)
    for (const [name, certificate] of Object.entries(after)) {
      assert.equal(certificate.subject, `CN=${name}`)
      assert.equal(certificate.issuer, before[name]!.issuer)
    }
  })

  it('changes nothing while nothing is due', async () => {
    const before = await files()
    const idle = await run('renew-transport.yml', ...withAuthority)
    assert.equal(idle.exitCode, 0, idle.text)
    assert.deepEqual([changesOf(idle), await files()], [[], before])
  })

  it('does not go over to another CA while a node of the cluster is left out', async () => {
    const before = await files()
    const refused = await run('rotate-transport-ca.yml', '--limit', 'es1,es3')
    assert.equal(refused.exitCode, 2, refused.text)
    assert.match(refused.text, /nodes that are not in this run: es2/)
    assert.deepEqual(await files(), before)
  })

  it('goes over to another CA under load, in three phases, with no key of the old one, as a check has foretold', async () => {
    const before = await files()
    const checked = await run('rotate-transport-ca.yml', '--check', '--diff')
    assert.equal(checked.exitCode, 0, checked.text)
    assert.deepEqual(await files(), before)
    const rotated = await underLoad('rotate-transport-ca.yml')
    assert.deepEqual(changesOf(checked), changesOf(rotated))
    for (const certificate of Object.values(await served())) {
      assert.equal(certificate.issuer, 'CN=Elasticsearch Transport CA')
    }
    const changes = changesOf(rotated)
    for (const name of names()) {
      assert.deepEqual(
        changes.filter((line) => line.startsWith(`${name}: `) && line.includes(p12)).length,
        3,
        changes.join('\n'),
      )
    }
  })

  it('changes nothing the second time', async () => {
    const before = await files()
    const second = await run('rotate-transport-ca.yml')
    assert.equal(second.exitCode, 0, second.text)
    assert.deepEqual([changesOf(second), await files()], [[], before])
  })

  it('stops when both CAs are trusted, where that is wanted, and is carried on by the next run', async () => {
    const before = await served()
    const first = await run('rotate-transport-ca.yml', '-e', 'rotate=force', '-e', 'rotate_until=trust')
    assert.equal(first.exitCode, 0, first.text)
    assert.deepEqual(serials(await served()), serials(before))
    const second = await run('rotate-transport-ca.yml')
    assert.equal(second.exitCode, 0, second.text)
    for (const [name, serial] of Object.entries(serials(await served()))) {
      assert.notEqual(serial, before[name]!.serialNumber)
    }
    const third = await run('rotate-transport-ca.yml')
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
    const failed = await run('renew-transport.yml', '-e', 'renew=force')
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
    await ask('/_cluster/health?wait_for_status=green&timeout=60s')
    const checked = await run('renew-transport.yml')
    assert.equal(checked.exitCode, 0, checked.text)
  })
})

function serials(shown: Readonly<Record<string, X509Certificate>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(shown).map(([name, one]) => [name, one.serialNumber]))
}

/** Seconds of the tasks that took longest, by host and module. */
function slowest({ events }: ElksealRun): readonly string[] {
  const timed = events as readonly {
    readonly event: string
    readonly host?: string
    readonly module?: string
    readonly duration_ms?: number
  }[]
  return timed
    .filter((one) => one.event === 'task' && (one.duration_ms ?? 0) > 1000)
    .map(({ host = '', module = '', duration_ms: ms = 0 }) => `${host} ${module} ${(ms / 1000).toFixed(1)}`)
}

/** The figures, for whoever runs this to know them. */
function tell(figures: unknown): void {
  process.stdout.write(`      ${JSON.stringify(figures)}\n`)
}
