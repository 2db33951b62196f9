import assert from 'node:assert/strict'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { serialNumber } from '../../src/pki/certificate-fields.ts'
import type { CertificateStatus } from '../../src/report/certificates-table.ts'
import { issueAuthority, issueLeaf, type LeafRequest } from '../../src/pki/issue.ts'
import { writePkcs12 } from '../../src/pki/pkcs12.ts'
import { keyToPem } from '../../src/pki/pem.ts'
import { openVault } from '../../src/secrets/ansible-vault.ts'
import { Secret } from '../../src/secrets/secret.ts'
import { passwordFromText } from '../../src/secrets/vault-password.ts'
import { inSteps } from '../support/in-steps.ts'
import { changesOf, type ElksealEvent, type ElksealRun } from './elkseal.ts'
import { until } from './machine.ts'
import { needsLab } from './prerequisites.ts'
import { SecuredCluster, tell, vaultPassword } from './secured-cluster.ts'
import { underLoad } from './under-load.ts'

const p12 = '/etc/elasticsearch/http.p12'
const roll = 'Elasticsearch serves the new certificate'

describe('renewing the certificates of a running cluster', function () {
  this.timeout('15m')
  inSteps(this)

  const cluster = new SecuredCluster('renewal')
  const { lab } = cluster

  before(async function () {
    await needsLab(this)
    await cluster.up()
  })

  after(() => cluster.down())

  const renew = (...words: readonly string[]) => cluster.run('renew.yml', ...words)

  /** What `elkseal certs` shows, by node. */
  const certs = async (...words: readonly string[]): Promise<Readonly<Record<string, CertificateStatus>>> => {
    const shown = await cluster.elkseal('certs', ...words)
    assert.equal(shown.exitCode, 0, shown.text)
    const nodes = shown.events.filter((event) => event.event === 'certificate') as unknown as CertificateStatus[]
    assert.deepEqual(
      nodes.map((node) => node.host),
      cluster.names,
    )
    return Object.fromEntries(nodes.map((node) => [node.host, node]))
  }

  const files = () => cluster.onNodes('stat', '-c', '%U:%G %a %Y %s', p12)

  it('shows what is in the store, on the hosts and served, and that nothing is due', async () => {
    const [shown, serials] = [await certs(), await cluster.served()]
    for (const [name, { store, file, served: seen, renewal }] of Object.entries(shown)) {
      assert.deepEqual([store.serial, file.serial, seen.serial], [serials[name], serials[name], serials[name]])
      assert.equal(seen.rejected, undefined)
      assert.deepEqual([renewal.action, renewal.reasons], ['none', []])
    }
  })

  it('does nothing while nothing is due', async () => {
    const before = await files()
    const idle = await renew()
    assert.equal(idle.exitCode, 0, idle.text)
    assert.deepEqual(changesOf(idle), [])
    assert.deepEqual(await files(), before)
  })

  it('says in check mode what it would do, and does not', async () => {
    const before = await files()
    const checked = await renew('--check', '-e', 'renew=force')
    assert.equal(checked.exitCode, 0, checked.text)
    assert.deepEqual(await files(), before)
    assert.equal((await certs())['es1']!.renewal.action, 'none')
    for (const name of cluster.names) assert.ok(changesOf(checked).some((line) => line.startsWith(`${name}: http.p12`)))
  })

  it('renews all under load: no request fails, no document is lost, no node restarts', async () => {
    const [serials, pids] = [await cluster.served(), await cluster.processes()]
    const { ran, report } = await underLoad(cluster, { seconds: 60 }, () => renew('-e', 'renew=force'))
    const renewedSerials = await cluster.served()
    for (const name of cluster.names) assert.notEqual(renewedSerials[name], serials[name], name)
    assert.deepEqual(await cluster.processes(), pids)
    tell({ requests: report.requests, slowestMs: report.slowestMs, seconds: rollSeconds(ran) })
  })

  it('changes nothing the second time', async () => {
    const [before, pids] = [await files(), await cluster.processes()]
    const second = await renew()
    assert.equal(second.exitCode, 0, second.text)
    assert.deepEqual(changesOf(second), [])
    assert.deepEqual([await files(), await cluster.processes()], [before, pids])
  })

  it('finds a file that would not let a node start again, and puts the right one there', async () => {
    const serials = await cluster.served()
    await place('es2', await foreignStore())
    await untilLogged('es2', 'cannot read configured \\[PKCS12\\] keystore')
    const shown = await certs()
    assert.deepEqual(kindsOf(shown), { es1: [], es2: ['file unreadable'], es3: [] })
    assert.match(shown['es2']!.renewal.text, /does not open.*the next start would fail/)
    const mended = await renew()
    assert.equal(mended.exitCode, 0, mended.text)
    assert.deepEqual(
      changesOf(mended).map((line) => line.split(':')[0]),
      ['es2'],
    )
    assert.deepEqual(kindsOf(await certs()), { es1: [], es2: [], es3: [] })
    assert.deepEqual(await cluster.served(), serials)
  })

  it('tells the cause of a reload that failed, puts the old file back and stops there', async () => {
    const [serials, before, pids] = [await cluster.served(), await files(), await cluster.processes()]
    // Elasticsearch is not in the group root: it cannot read what is placed.
    const failed = await renew('-e', 'renew=force', '-e', 'elasticsearch_group=root')
    assert.equal(failed.exitCode, 2, failed.text)
    const told = tasksOf(failed).filter((event) => event.status === 'failed')
    assert.deepEqual(
      told.map((event) => event.host),
      [told[0]?.host],
    )
    assert.match(told[0]?.summary ?? '', /goes on with the old certificate: .*not permitted to read "\/etc/)
    assert.match(
      told[0]?.hint ?? '',
      /would not let Elasticsearch start again\. Log: \/var\/log\/elasticsearch\/lab\.log/,
    )
    assert.deepEqual([await cluster.served(), await files(), await cluster.processes()], [serials, before, pids])
    assert.deepEqual(
      Object.values(await certs()).map((node) => node.renewal.action),
      ['place', 'place', 'place'],
    )
  })

  it('carries on from there', async () => {
    const serials = await cluster.served()
    const renewed = await renew()
    assert.equal(renewed.exitCode, 0, renewed.text)
    const shown = await certs()
    for (const [name, serial] of Object.entries(await cluster.served())) {
      assert.notEqual(serial, serials[name])
      assert.equal(serial, shown[name]!.store.serial)
    }
  })

  it('renews a certificate that has expired already', async () => {
    await expire('es3')
    assert.deepEqual(kindsOf(await certs()), { es1: [], es2: [], es3: ['expiring'] })
    const renewed = await renew()
    assert.equal(renewed.exitCode, 0, renewed.text)
    assert.deepEqual(kindsOf(await certs()), { es1: [], es2: [], es3: [] })
    await cluster.served()
  })

  it('refuses what is no renewal, before anything is changed', async () => {
    const before = await files()
    const authority = await issueAuthority({ commonName: 'Another CA', days: 100, keyBits: 2048, now: new Date() })
    await writeFile(cluster.path('ca.pem'), `${authority.certificate.toString()}${keyToPem(authority.key)}`)
    const otherCa = await renew('-e', `http_ca_path=${cluster.path('ca.pem')}`)
    assert.equal(otherCa.exitCode, 2, otherCa.text)
    assert.match(summaries(otherCa), /CA replaced: .*rotate-ca\.yml/)
    const otherPassword = await renew('-e', 'http_p12_password=another-one')
    assert.equal(otherPassword.exitCode, 2, otherPassword.text)
    assert.match(summaries(otherPassword), /password given is not the one of the store.*secure-http\.yml/)
    assert.deepEqual(await files(), before)
    assert.deepEqual(kindsOf(await certs()), { es1: [], es2: [], es3: [] })
  })

  async function untilLogged(host: string, pattern: string): Promise<void> {
    const found = async (): Promise<boolean> =>
      (await lab.run(host, ['grep', '-c', pattern, '/var/log/elasticsearch/lab.log'], { nothrow: true })) !== '0\n'
    await until(found, `"${pattern}" in the log of ${host}`)
  }

  async function foreignStore(): Promise<Buffer> {
    const authority = await issueAuthority({ commonName: 'Foreign CA', days: 100, keyBits: 2048, now: new Date() })
    const leaf = await issueLeaf({ ...request, days: 50, now: new Date() }, authority)
    return writePkcs12({ alias: 'http', ...leaf, chain: [authority.certificate] }, new Secret('another-password'))
  }

  const place = (host: string, content: Buffer): Promise<string> => {
    const [owner, mode] = [`chown root:elasticsearch ${p12}.new`, `chmod 640 ${p12}.new`]
    const script = `base64 -d > ${p12}.new && ${owner} && ${mode} && mv ${p12}.new ${p12}`
    return lab.run(host, ['sh', '-c', script], { input: content.toString('base64') })
  }

  /** As if nobody had renewed in time: in the store, on the host and served is a certificate of last year. */
  async function expire(host: string): Promise<void> {
    const vault = openVault([passwordFromText('default', new Secret(vaultPassword))])
    const opened = async (file: string) => vault.decrypt(await readFile(cluster.pki(file)), file)
    const password = await opened('http-p12-password')
    const certificate = new X509Certificate(await readFile(cluster.pki('ca/http-ca.crt')))
    const key = createPrivateKey((await opened('ca/http-ca.key')).reveal())
    const { name, address } = lab.host(host)
    const names = { dns: [name, 'localhost'], addresses: [address, '127.0.0.1', '::1'] }
    const lastYear = new Date(Date.now() - 400 * 86_400_000)
    const leaf = await issueLeaf({ ...request, names, days: 365, now: lastYear }, { certificate, key, chain: [] })
    const store = writePkcs12({ alias: 'http', ...leaf, chain: [certificate] }, password)
    await writeFile(cluster.pki(host, 'http.crt'), leaf.certificate.toString())
    await writeFile(cluster.pki(host, 'http.p12'), vault.encrypt(new Secret(store)))
    await place(host, store)
    const serial = serialNumber(leaf.certificate)
    await until(async () => (await certs())[host]!.served.serial === serial, `${host} to serve what has expired`)
  }
})

const request: LeafRequest = {
  commonName: 'es',
  names: { dns: ['es2'], addresses: [] },
  days: 365,
  keyBits: 2048,
  usages: ['server'],
  now: new Date(),
}

function tasksOf({ events }: ElksealRun): readonly ElksealEvent[] {
  return events.filter((event) => event.event === 'task')
}

function summaries(run: ElksealRun): string {
  return tasksOf(run)
    .filter((event) => event.status === 'failed')
    .map((event) => event.summary)
    .join('\n')
}

function kindsOf(shown: Readonly<Record<string, CertificateStatus>>): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(
    Object.entries(shown).map(([name, { renewal }]) => [name, renewal.reasons.map((reason) => reason.kind)]),
  )
}

/** How long each task of the roll took, by node: they run one after the other. */
function rollSeconds(run: ElksealRun): Readonly<Record<string, readonly string[]>> {
  const seconds: Record<string, string[]> = {}
  for (const { play, host = '', module = '', duration_ms: ms = 0 } of tasksOf(run)) {
    if (play === roll && ms > 0) (seconds[host] ??= []).push(`${module} ${ms / 1000}`)
  }
  return seconds
}
