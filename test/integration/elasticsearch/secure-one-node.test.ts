import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chownSync, readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { clusterGate } from '../../../src/modules/cluster-gate.ts'
import type { ClusterState } from '../../../src/elastic/cluster-state.ts'
import { clusterSnapshot } from '../../../src/modules/cluster-snapshot.ts'
import { elasticsearchChecks } from '../../../src/modules/elasticsearch-checks.ts'
import { elasticsearchFacts } from '../../../src/modules/elasticsearch-facts.ts'
import { elasticsearchKeystore } from '../../../src/modules/elasticsearch-keystore.ts'
import { elasticsearchService } from '../../../src/modules/elasticsearch-service.ts'
import { servedCertificate } from '../../../src/modules/served-certificate.ts'
import { yamlSettings } from '../../../src/modules/yaml-settings.ts'
import { issueAuthority, issueLeaf, type Authority, type Identity } from '../../../src/pki/issue.ts'
import { certificatesToPem } from '../../../src/pki/pem.ts'
import { writePkcs12 } from '../../../src/pki/pkcs12.ts'
import { Secret } from '../../../src/secrets/secret.ts'
import type { Module, Values } from '../../../src/modules/module.ts'
import { ArchiveHost } from '../../support/elasticsearch-archive.ts'
import { needs } from '../../support/needs.ts'

const yml = `# ---- packaged comments ----
cluster.name:   one   # aligned
node.name: n1
http.port: 19200
transport.port: 19300
discovery.type: single-node
xpack.security:
    enabled: true
`
const passwordName = 'xpack.security.http.ssl.keystore.secure_password'
const p12Password = new Secret(' Blank and ü" ')

describe('Elasticsearch 9.5.0 from an archive', function () {
  this.timeout(180_000)
  let host: ArchiveHost
  let authority: Authority
  let leaf: Identity

  const task = (module: Module, values: Values) => host.task(module, values)
  const foresee = async (module: Module, values: Values, view: ArchiveHost) => view.task(module, values)
  const keystore = {
    set: { [passwordName]: p12Password },
    absent: ['xpack.security.http.ssl.keystore.secure_key_password'],
  }
  const settings = {
    settings: { 'xpack.security.http.ssl.enabled': true, 'xpack.security.http.ssl.keystore.path': 'http.p12' },
    absent: ['xpack.security.http.ssl.certificate'],
  }
  const withPaths = (values: Values) => ({ home: host.home, path_conf: host.conf, ...values })
  const placeP12 = () => {
    const path = join(host.conf, 'http.p12')
    const bytes = writePkcs12({ alias: 'http', ...leaf, chain: [authority.certificate] }, p12Password)
    writeFileSync(path, bytes, { mode: 0o640 })
    chownSync(path, statSync(host.conf).uid, statSync(host.conf).gid)
  }

  before(async function () {
    needs(this, 'mvn')
    needs(this, 'unzip')
    host = new ArchiveHost()
    await host.install('9.5.0', yml)
    host.variables['elastic_password'] = new Secret('elasticpw')
    authority = await issueAuthority({ commonName: 'Test CA', days: 30, keyBits: 2048, now: new Date() })
    leaf = await newLeaf()
    writeFileSync(host.path('elasticsearch-ca.pem'), certificatesToPem([authority.certificate]))
  })

  const newLeaf = () =>
    issueLeaf(
      {
        commonName: 'n1',
        names: { dns: ['n1', 'localhost'], addresses: ['127.0.0.1'] },
        days: 20,
        keyBits: 2048,
        usages: ['server'],
        now: new Date(),
      },
      authority,
    )

  after(async () => {
    if (host === undefined) return
    await host.task(elasticsearchService, { state: 'stopped', service: '', home: host.home }).catch(() => undefined)
    host.remove()
  })

  it('is found by its folder', async () => {
    const { kind, words } = await task(elasticsearchFacts, { home: host.home })
    assert.equal(kind, 'keep')
    assert.match(words, /Elasticsearch 9\.5\.0 \(archive\).*not running/)
    assert.equal(host.variables['elasticsearch_user'], host.user)
    assert.equal(host.variables['elasticsearch_path_conf'], host.conf)
    assert.equal(host.variables['elasticsearch_service'], '')
    assert.equal(host.variables['elasticsearch_http_port'], 19200)
    assert.equal(host.variables['elasticsearch_log_file'], join(host.home, 'logs/one.log'))
  })

  it('gets its bootstrap password into a keystore that is made for it, owned by its account', async () => {
    const values = withPaths({ set: { 'bootstrap.password': new Secret('elasticpw') } })
    assert.equal((await task(elasticsearchKeystore, values)).kind, 'change')
    assert.equal((await task(elasticsearchKeystore, values)).kind, 'keep')
    const { uid, mode } = statSync(join(host.conf, 'elasticsearch.keystore'))
    assert.equal(uid, statSync(host.conf).uid)
    assert.equal(mode & 0o777, 0o660)
    assert.deepEqual(keystoreNames(), ['bootstrap.password', 'keystore.seed'])
  })

  it('starts, answers plain http, and is looked at', async () => {
    assert.equal((await task(elasticsearchService, { state: 'started' })).kind, 'change')
    assert.match((await task(elasticsearchService, { state: 'started' })).words, /runs since/)
    const { kind, words, result } = await task(clusterSnapshot, {})
    assert.equal(kind, 'ok', words)
    assert.equal(result['scheme'], 'http')
    assert.equal(result['node_count'], 1)
    assert.equal((host.variables['elasticsearch_cluster_before'] as ClusterState).nodes[0]?.isElectedMaster, true)
    assert.equal((await task(elasticsearchFacts, {})).result['elasticsearch_home'], host.home)
  })

  it('is told apart from a node that refuses the credentials', async () => {
    const { kind, words } = await task(clusterSnapshot, { password: new Secret('wrongpw'), timeout: 1 })
    assert.equal(kind, 'fail')
    assert.match(words, /refuses the credentials of "elastic"/)
  })

  it('would be changed and restarted, check mode says, and nothing is', async () => {
    placeP12()
    const before = [
      readFileSync(join(host.conf, 'elasticsearch.yml')),
      readFileSync(join(host.conf, 'elasticsearch.keystore')),
    ]
    const view = new ArchiveHost({ check: true, folder: host.folder })
    Object.assign(view.variables, host.variables)
    const paths = { path: join(host.conf, 'elasticsearch.yml') }
    for (const expected of ['change', 'keep']) {
      assert.equal((await foresee(elasticsearchKeystore, withPaths(keystore), view)).kind, expected)
      assert.equal((await foresee(yamlSettings, { ...paths, ...settings }, view)).kind, expected)
      const service = await foresee(elasticsearchService, {}, view)
      assert.equal(service.kind, expected)
      if (expected === 'change')
        assert.match(service.words, /^restart .*elasticsearch\.yml.*elasticsearch\.keystore newer/)
    }
    assert.deepEqual(
      [readFileSync(join(host.conf, 'elasticsearch.yml')), readFileSync(join(host.conf, 'elasticsearch.keystore'))],
      before,
    )
    assert.equal((await task(elasticsearchService, {})).kind, 'keep')
  })

  it('serves https with the certificate after keystore, settings and one restart', async () => {
    const path = join(host.conf, 'elasticsearch.yml')
    const modes = () =>
      ['elasticsearch.yml', 'elasticsearch.keystore'].map((name) => describeFile(join(host.conf, name)))
    const before = modes()
    assert.equal((await task(elasticsearchKeystore, withPaths(keystore))).kind, 'change')
    assert.equal((await task(yamlSettings, { path, ...settings })).kind, 'change')
    assert.equal(
      readFileSync(path, 'utf8'),
      `${yml}xpack.security.http.ssl.enabled: true\nxpack.security.http.ssl.keystore.path: http.p12\n`,
    )
    assert.deepEqual(modes(), before)
    assert.equal((await task(elasticsearchService, {})).kind, 'change')
    const values = { serial: leaf.certificate.serialNumber, ca: host.path('elasticsearch-ca.pem') }
    const served = await task(servedCertificate, values)
    assert.equal(served.kind, 'ok', served.words)
    const gates = [
      'all_nodes_joined',
      'no_red_index',
      'shards_settled',
      'not_worse_than_before',
      'credentials_accepted',
    ]
    const gate = await task(clusterGate, { gates, ca: host.path('elasticsearch-ca.pem') })
    assert.equal(gate.kind, 'ok', gate.words)
  })

  it('passes all checks, and has nothing to do a second time', async () => {
    const values = { ca: host.path('elasticsearch-ca.pem'), serial: leaf.certificate.serialNumber }
    const { kind, words, result } = await task(elasticsearchChecks, values)
    assert.equal(kind, 'keep', words)
    assert.deepEqual(
      (result['checks'] as { name: string; ok: boolean }[]).map((check) => [check.name, check.ok]),
      [
        'tls_certificate',
        'certificate_verified',
        'plain_http_refused',
        'credentials_accepted',
        'node_count',
        'health',
      ].map((name) => [name, true]),
    )
    assert.equal((await task(elasticsearchKeystore, withPaths(keystore))).kind, 'keep')
    assert.equal((await task(yamlSettings, { path: join(host.conf, 'elasticsearch.yml'), ...settings })).kind, 'keep')
    assert.equal((await task(elasticsearchService, {})).kind, 'keep')
  })

  it('is looked at by https, with the authority and, for a set-up of before, without', async () => {
    const known = await task(clusterSnapshot, { ca: host.path('elasticsearch-ca.pem') })
    assert.deepEqual([known.result['scheme'], known.result['verified']], ['https', true], known.words)
    const unknown = await task(clusterSnapshot, {})
    assert.deepEqual([unknown.result['scheme'], unknown.result['verified']], ['https', false], unknown.words)
  })

  it('shows a renewed certificate without a restart', async () => {
    leaf = await newLeaf()
    placeP12()
    const served = await task(servedCertificate, {
      serial: leaf.certificate.serialNumber,
      ca: host.path('elasticsearch-ca.pem'),
    })
    assert.equal(served.kind, 'ok', served.words)
    assert.equal((await task(elasticsearchService, {})).kind, 'keep')
  })

  it('says in one line why it does not start', async () => {
    await task(elasticsearchService, { state: 'stopped' })
    const causes: readonly (readonly [string, () => unknown, RegExp])[] = [
      [
        'a wrong password',
        () => setPassword('other'),
        /the password in the Elasticsearch keystore does not open ".*http\.p12"/,
      ],
      ['a missing file', () => unlinkSync(join(host.conf, 'http.p12')), /".*http\.p12" does not exist/],
      [
        'a setting that stands twice',
        () => writeFileSync(join(host.conf, 'elasticsearch.yml'), `${yml}node.name: n2\n`),
        /elasticsearch\.yml sets "node\.name" twice \(line 9/,
      ],
    ]
    for (const [name, breakIt, expected] of causes) {
      await breakIt()
      const decision = await host.decide(elasticsearchService, { state: 'started' })
      assert.equal(decision.kind, 'change')
      await assert.rejects(host.task(elasticsearchService, { state: 'started' }), name)
      const cause = await decision.explain?.(host.look)
      assert.match(cause?.message ?? '', expected, name)
    }
  })

  it('is refused before it is touched when a setting stands twice', async () => {
    const { kind, words } = await task(elasticsearchFacts, { home: host.home })
    assert.equal(kind, 'fail')
    assert.match(words, /"node\.name" is set twice, in lines 3 and 9 \(local:\/.*elasticsearch\.yml:9:1\)/)
  })

  it('has its protected keystore changed with the password, and not without or with a wrong one', async () => {
    // The tool reads elasticsearch.yml too, and fails with it.
    writeFileSync(join(host.conf, 'elasticsearch.yml'), yml)
    tool(['passwd'], 'secret-store\nsecret-store\n')
    const change = withPaths({ set: { a: new Secret('1'), b: new Secret('2') }, absent: [passwordName] })
    await assert.rejects(task(elasticsearchKeystore, change), /protected by a password, and none is given/)
    const wrong = { ...change, password: new Secret('wrong-one') }
    await assert.rejects(task(elasticsearchKeystore, wrong), /does not open the Elasticsearch keystore/)
    const right = { ...change, password: new Secret('secret-store') }
    assert.match((await task(elasticsearchKeystore, right)).words, /add a, add b, remove xpack/)
    assert.equal((await task(elasticsearchKeystore, right)).kind, 'keep')
    assert.equal(tool(['show', 'b'], 'secret-store\n'), '2')
  })

  it('starts with its protected keystore, and says so when the password is missing', async () => {
    // Secure settings that Elasticsearch does not know would stop the start by themselves.
    await task(elasticsearchKeystore, withPaths({ absent: ['a', 'b'], password: new Secret('secret-store') }))
    await assert.rejects(task(elasticsearchService, { state: 'started' }))
    const decision = await host.decide(elasticsearchService, { state: 'started' })
    assert.equal(decision.kind, 'change')
    assert.match((await decision.explain?.(host.look))?.message ?? '', /keystore is protected/)
    const started = await task(elasticsearchService, { keystore_password: new Secret('secret-store') })
    assert.equal(started.kind, 'change')
    assert.equal((await task(elasticsearchService, { state: 'stopped' })).kind, 'change')
  })

  it('explains a keystore copy that was left behind', async () => {
    writeFileSync(join(host.conf, 'elasticsearch.keystore.tmp'), '')
    const { kind, words } = await task(
      elasticsearchKeystore,
      withPaths({ set: {}, absent: ['bootstrap.password'], password: new Secret('secret-store') }),
    )
    assert.equal(kind, 'fail')
    assert.match(words, /is left from an interrupted elasticsearch-keystore/)
  })

  async function setPassword(value: string): Promise<void> {
    await task(elasticsearchKeystore, withPaths({ set: { [passwordName]: new Secret(value) } }))
  }

  function keystoreNames(): string[] {
    return tool(['list'], '').split('\n')
  }

  function tool(words: readonly string[], input: string): string {
    const path = join(host.home, 'bin/elasticsearch-keystore')
    const command =
      process.getuid?.() === 0
        ? ['su', '-s', '/bin/sh', host.user, '-c', `${path} ${words.join(' ')}`]
        : [path, ...words]
    const [file = '', ...rest] = command
    return execFileSync(file, rest, { input, encoding: 'utf8', stdio: 'pipe' }).trim()
  }
})

function describeFile(path: string): string {
  const { uid, gid, mode } = statSync(path)
  return `${path} ${uid}:${gid} ${(mode & 0o7777).toString(8)}`
}
