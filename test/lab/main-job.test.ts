import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { elasticsearchVersions, type ElasticsearchVersion } from '../support/elasticsearch-distribution.ts'
import { inSteps } from '../support/in-steps.ts'
import { watchArguments, type ArgumentWatch } from './argument-watch.ts'
import { changesOf, elkseal, recapOf, type ElksealRun } from './elkseal.ts'
import { accounts } from './host-layer.ts'
import { createLab, type Lab } from './lab.ts'
import { defaultPlan, type LabHost } from './lab-state.ts'
import { findLeaks } from './leaks.ts'
import { until } from './machine.ts'
import { latestOutages } from './outages.ts'
import { askPlainly, outsetOf, type Outset } from './outset.ts'
import { needsLab } from './prerequisites.ts'

const playbook = join(import.meta.dirname, '../../playbooks/secure-http.yml')

for (const version of chosenVersions()) {
  describe(`securing a running Elastic Stack ${version}`, function () {
    this.timeout('15m')
    inSteps(this)

    const lab = createLab({ name: `mainjob${version.replaceAll('.', '')}` })
    const runs: ElksealRun[] = []
    let secrets: Readonly<Record<string, string>> = {}
    let folder = ''
    let inventory = ''
    let caFile = ''
    let untouched: HostPicture = {}
    let outset: Outset | undefined
    let watch: ArgumentWatch | undefined

    before(async function () {
      await needsLab(this)
      await lab.down()
      await lab.up({ ...defaultPlan, version })
      await lab.startElasticsearch()
      await lab.startClients()
      folder = await mkdtemp(join(tmpdir(), 'elkseal-main-job-'))
      secrets = {
        'the password of elastic': lab.state().passwords.elastic,
        'the password of http.p12': 'planted-p12-password-Zq81',
        'the password of the vault': 'planted-vault-password-Xw27',
        'the password of sudo': accounts.ops.password,
      }
      inventory = await lab.writeInventory(join(folder, 'inventory'), {
        login: 'ops',
        variables: { http_p12_password: secrets['the password of http.p12'] },
      })
      caFile = join(folder, 'inventory/pki/elasticsearch-ca.pem')
      await writeFile(join(folder, 'vault-password'), `${secrets['the password of the vault']!}\n`, { mode: 0o600 })
      untouched = await pictureOf(lab)
      outset = await outsetOf(lab, folder)
      watch = watchArguments(secrets)
    })

    after(async () => {
      watch?.stop()
      if (process.env['ELKSEAL_LAB_KEEP'] !== '1') await lab.down()
      if (folder !== '') await rm(folder, { recursive: true, force: true })
    })

    const run = async (...words: readonly string[]): Promise<ElksealRun> => {
      const common = ['-i', inventory, '--vault-password-file', join(folder, 'vault-password')]
      const result = await elkseal(lab, [...words, ...common], { cwd: folder })
      runs.push(result)
      return result
    }

    it('changes nothing in check mode', async () => {
      const checked = await run('run', playbook, '--check', '--diff')
      assert.equal(checked.exitCode, 0, checked.text)
      assert.deepEqual(await pictureOf(lab), untouched)
    })

    it('does exactly what check mode listed', async () => {
      const secured = await run('run', playbook)
      assert.equal(secured.exitCode, 0, secured.text)
      assert.deepEqual(changesOf(secured), changesOf(runs[0]!))
    })

    it('gives every node a certificate of its own, that openssl and curl verify', async () => {
      const certificates = await Promise.all(
        lab.hosts('elasticsearch').map((node) => servedCertificate(lab, node, caFile)),
      )
      for (const [index, node] of lab.hosts('elasticsearch').entries()) {
        const certificate = certificates[index]!
        assert.ok(certificate.checkHost(node.name), `${node.name} in ${certificate.subjectAltName ?? 'no names'}`)
        assert.ok(certificate.checkIP(node.address), `${node.address} in ${certificate.subjectAltName ?? 'no names'}`)
        assert.ok(certificate.checkHost('localhost'))
        const answer = await askElasticsearch(lab, { node: node.address, path: '/', ca: caFile })
        assert.equal(answer.status, 200, answer.problem)
      }
      assert.equal(new Set(certificates.map((certificate) => certificate.serialNumber)).size, certificates.length)
    })

    it('answers plain http no more', async () => {
      for (const node of lab.hosts('elasticsearch')) {
        const answer = await lab.ask({ url: `http://${node.address}:9200/_cluster/health` })
        assert.equal(answer.status, 0, answer.body)
      }
    })

    it('leaves the cluster green with all its nodes', async () => {
      const answer = await askElasticsearch(lab, {
        path: '/_cluster/health?wait_for_status=green&timeout=60s',
        ca: caFile,
      })
      const health = JSON.parse(answer.body) as { status: string; number_of_nodes: number }
      assert.deepEqual([health.status, health.number_of_nodes], ['green', defaultPlan.nodes])
    })

    it('keeps owner and mode of every file, and places new ones for the product alone', async () => {
      for (const node of lab.hosts('elasticsearch')) {
        const owners = await ownersOf(lab, node.name, '/etc/elasticsearch')
        const earlier = Object.entries(untouched[node.name]!.owners)
        for (const [path, owner] of earlier.filter(([path]) => path.startsWith('/etc/elasticsearch'))) {
          assert.equal(owners[path], owner, path)
        }
        assert.equal(owners['/etc/elasticsearch/http.p12'], 'root:elasticsearch 640')
      }
      for (const beat of lab.hosts('metricbeat')) {
        const owners = await ownersOf(lab, beat.name, '/etc/metricbeat')
        assert.equal(owners['/etc/metricbeat/metricbeat.yml'], 'root:root 600')
      }
    })

    it('moves Metricbeat over: its documents arrive', async () => {
      const path = `/metricbeat-*/_count?q=${encodeURIComponent('@timestamp:>now-15s')}`
      const arrived = async (): Promise<number> => {
        const answer = await askElasticsearch(lab, { path, ca: caFile })
        return (JSON.parse(answer.body) as { count: number }).count
      }
      assert.ok((await arrived()) > 0)
    })

    it('moves Kibana over: it sees Elasticsearch', async () => {
      assert.deepEqual(await kibanasWithElasticsearch(lab), lab.hosts('kibana'))
    })

    it('verifies', async () => {
      const verified = await run('verify')
      assert.equal(verified.exitCode, 0, verified.text)
      const verdict = verified.events.findLast((event) => event.ok !== undefined)
      assert.equal(verdict?.ok, true)
      assert.ok(verdict.checks!.length > 0)
      assert.deepEqual(
        verdict.checks!.filter((check) => !check.ok),
        [],
      )
    })

    it('has nothing to do the second time, and restarts nothing', async () => {
      const secured = await pictureOf(lab)
      const second = await run('run', playbook)
      assert.equal(second.exitCode, 0, second.text)
      assert.deepEqual(changesOf(second), [])
      for (const [host, counts] of Object.entries(recapOf(second))) assert.equal(counts['changed'], 0, host)
      assert.equal(Object.keys(recapOf(second)).length, lab.state().hosts.length)
      assert.deepEqual(await pictureOf(lab), secured)
    })

    it('shows no secret in the arguments of any process, nor in any output, log or file left over', async () => {
      assert.ok(watch!.rounds() > 100, 'the processes were looked at')
      assert.deepEqual(watch!.stop(), [])
      for (const { text } of runs) {
        for (const [name, secret] of Object.entries(secrets)) assert.ok(!text.includes(secret), name)
      }
      const folders = [join(folder, 'inventory/pki'), join(folder, 'inventory/.elkseal')]
      assert.deepEqual(await findLeaks(lab, secrets, folders), [])
    })

    // Its restarts take time, and are the same with each version.
    if (version !== defaultPlan.version) return
    let rolledBackAt = ''

    it('is undone by a rollback: every file and service is as before, and nothing else is left', async () => {
      watch = watchArguments(secrets)
      const started = Date.now()
      const undone = await run('rollback')
      const ended = Date.now()
      rolledBackAt = new Date(ended).toISOString()
      tell({ rollbackMs: ended - started })
      assert.equal(undone.exitCode, 0, undone.text)
      assert.deepEqual(await outsetOf(lab, folder), outset!)
      assert.deepEqual(watch.stop(), [])
      for (const [name, secret] of Object.entries(secrets)) assert.ok(!undone.text.includes(secret), name)
      assert.deepEqual(await findLeaks(lab, secrets, [join(folder, 'inventory/.elkseal')]), [])
    })

    it('had one node down at a time meanwhile', async () => {
      const outages = (await latestOutages(lab, 'elasticsearch')).toSorted((a, b) => a.from - b.from)
      tell(
        Object.fromEntries(
          outages.map(({ host, from, until }) => [`${host}DownMs`, Math.round((until - from) / 1000)]),
        ),
      )
      for (const [index, { host, from }] of outages.entries()) {
        const before = outages[index - 1]
        assert.ok(before === undefined || before.until < from, `${host} went down before ${before?.host} was back`)
      }
    })

    it('has Kibana and Metricbeat work by plain http again', async () => {
      const kibanas = async (): Promise<number> => (await kibanasWithElasticsearch(lab)).length
      await until(async () => (await kibanas()) === lab.hosts('kibana').length, 'Kibana to see Elasticsearch')
      const body = { query: { range: { '@timestamp': { gt: rolledBackAt } } } }
      const arrived = async (): Promise<boolean> => {
        const answer = await askPlainly(lab, { method: 'POST', path: '/metricbeat-*/_count', body })
        assert.equal(answer.status, 200, answer.body)
        return (JSON.parse(answer.body) as { count: number }).count > 0
      }
      await until(arrived, 'documents of Metricbeat')
    })
  })
}

async function kibanasWithElasticsearch(lab: Lab): Promise<readonly LabHost[]> {
  const isAvailable = async ({ address }: LabHost): Promise<boolean> => {
    const credentials = { user: 'elastic', password: lab.state().passwords.elastic }
    const { body } = await lab.ask({ url: `http://${address}:5601/api/status`, ...credentials })
    const { status } = JSON.parse(body) as { status: { core: { elasticsearch: { level: string } } } }
    return status.core.elasticsearch.level === 'available'
  }
  const kibanas = lab.hosts('kibana')
  const verdicts = await Promise.all(kibanas.map(isAvailable))
  return kibanas.filter((_, index) => verdicts[index])
}

/** What of a host must not change by looking: contents, owners and modes below /etc, and which processes run. */
type HostPicture = Readonly<
  Record<string, { readonly etc: string; readonly owners: Owners; readonly processes: string }>
>
type Owners = Readonly<Record<string, string>>

async function pictureOf(lab: Lab): Promise<HostPicture> {
  const pictures = lab.state().hosts.map(async ({ name }) => {
    const etc = await lab.run(name, ['sh', '-c', 'find /etc -type f -exec sha256sum {} + | sort -k 2'])
    const services = ['elasticsearch', 'kibana', 'metricbeat', 'ssh']
    const processes = await lab.run(name, ['systemctl', 'show', '--property=Id,MainPID', ...services])
    return [name, { etc, owners: await ownersOf(lab, name, '/etc'), processes }] as const
  })
  return Object.fromEntries(await Promise.all(pictures))
}

async function ownersOf(lab: Lab, host: string, folder: string): Promise<Owners> {
  const found = await lab.run(host, ['find', folder, '-printf', '%p\\t%u:%g %m\\n'])
  const lines = found.split('\n').filter(Boolean)
  return Object.fromEntries(lines.map((line) => line.split('\t') as [string, string]))
}

/** The certificate that openssl got and verified, from the node's address. */
async function servedCertificate(lab: Lab, node: { readonly address: string }, ca: string): Promise<X509Certificate> {
  const verify = ['-verify_return_error', '-verify_ip', node.address, '-CAfile', ca]
  const output = await lab.exec(['openssl', 's_client', '-connect', `${node.address}:9200`, ...verify])
  assert.match(output.stdout, /Verification: OK/, output.stderr)
  return new X509Certificate(/-----BEGIN CERTIFICATE-----[^]+?-----END CERTIFICATE-----/.exec(output.stdout)![0])
}

async function askElasticsearch(
  lab: Lab,
  { path, ca, node = lab.hosts('elasticsearch')[0]!.address }: { path: string; ca: string; node?: string },
): ReturnType<Lab['ask']> {
  return lab.ask({ url: `https://${node}:9200${path}`, user: 'elastic', password: lab.state().passwords.elastic, ca })
}

/** The figures, for whoever runs this to know them. */
function tell(figures: Readonly<Record<string, number>>): void {
  process.stdout.write(`      ${JSON.stringify(figures)}\n`)
}

/** ELKSEAL_LAB_VERSIONS: versions with commas between them, or `all`. */
function chosenVersions(): readonly ElasticsearchVersion[] {
  const chosen = (process.env['ELKSEAL_LAB_VERSIONS'] ?? defaultPlan.version).split(',')
  const unknown = chosen.filter((each) => each !== 'all' && !elasticsearchVersions.some((version) => version === each))
  if (unknown.length > 0) throw new Error(`ELKSEAL_LAB_VERSIONS: there is no ${unknown.join(', ')} in the lab`)
  return elasticsearchVersions.filter((version) => chosen.includes('all') || chosen.includes(version))
}
