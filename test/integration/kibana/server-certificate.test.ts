import assert from 'node:assert/strict'
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { issueAuthority, type Authority } from '../../../src/pki/issue.ts'
import { keyToPem } from '../../../src/pki/pem.ts'
import { writePkcs12 } from '../../../src/pki/pkcs12.ts'
import { Secret } from '../../../src/secrets/secret.ts'
import { FakeElasticsearch, freePort, KibanaHome } from '../../kibana-stand-in/stand-in.ts'
import { PlaybookBench, type PlaybookResult, type PlaybookRun } from '../../support/playbook-run.ts'
import { testLeaf } from '../../support/test-ca.ts'

const playbook = join(import.meta.dirname, '../../../playbooks/renew-kibana.yml')

/** Against the stand-in for Kibana, which reloads and dies where the real one does; without systemd, by its pid.file. */
describe('renew-kibana.yml', () => {
  let elasticsearch: FakeElasticsearch
  let bench: PlaybookBench
  let kibana: KibanaHome
  let port: number

  before(async () => {
    elasticsearch = await FakeElasticsearch.start()
  })
  after(() => elasticsearch.stop())
  beforeEach(async () => {
    kibana = new KibanaHome()
    bench = new PlaybookBench()
    port = await freePort()
    const { certificate, key } = elasticsearch.authority
    bench.file('pki/ca/http-ca.crt', certificate.toString())
    bench.file('pki/ca/http-ca.key', keyToPem(key))
    bench.file('pki/elasticsearch-ca.pem', certificate.toString())
  })
  afterEach(async () => {
    await kibana.remove()
    bench.remove()
  })

  async function startWith(settings: Readonly<Record<string, unknown>>): Promise<void> {
    const all = {
      'server.port': port,
      'server.host': '127.0.0.1',
      'pid.file': join(kibana.home, 'kibana.pid'),
      'elasticsearch.hosts': [elasticsearch.url],
      'elasticsearch.username': 'kibana_system',
      'elasticsearch.password': 'right',
      'elasticsearch.ssl.certificateAuthorities': [kibana.write('ca.pem', elasticsearch.ca)],
      'server.ssl.enabled': true,
      ...settings,
    }
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${JSON.stringify(value)}\n`)
    kibana.write('kibana.yml', lines.join(''))
    kibana.start()
    await kibana.printed('Kibana is now available')
  }

  /** Due: its end is near. */
  const ending = (authority: Authority) => {
    const now = new Date(Date.now() - 2.9 * 86_400_000)
    return testLeaf({ now, days: 3, names: { dns: ['kibana.test'], addresses: [] } }, authority)
  }

  async function pem(authority = elasticsearch.authority): Promise<Readonly<Record<string, unknown>>> {
    const { certificate, key } = await ending(authority)
    const crt = kibana.write('kibana.crt', certificate.toString())
    const encrypted = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'pass' } as const
    const pair = kibana.write('kibana.key', key.export(encrypted).toString())
    chmodSync(pair, 0o640)
    return { 'server.ssl.certificate': crt, 'server.ssl.key': pair, 'server.ssl.keyPassphrase': 'pass' }
  }

  function renew(
    extraVars: Readonly<Record<string, unknown>> = {},
    given: Pick<PlaybookRun, 'check' | 'hosts'> = {},
  ): Promise<PlaybookResult> {
    const text = readFileSync(playbook, 'utf8')
      .replaceAll('become: true', 'become: false')
      .replace('timeout: 60', 'timeout: 3')
    const tasks = join(playbook, '../tasks')
    return bench.run({
      playbook: text.replaceAll('tasks/look-at', `${tasks}/look-at`).replaceAll('hosts: kibana', 'hosts: all'),
      hosts: ['kb1'],
      ...given,
      extraVars: {
        kibana_server_certificate: true,
        kibana_home: kibana.home,
        kibana_path_conf: kibana.config,
        kibana_service: 'elkseal-test-kibana',
        elastic_password: 'right',
        pki_dir: join(bench.folder, 'pki'),
        ...extraVars,
      },
    })
  }

  const failures = ({ events }: PlaybookResult) =>
    events.flatMap((event) =>
      event.event === 'task' && event.status === 'failed' ? [`${event.task}: ${event.summary}`] : [],
    )

  function served(): Promise<{ readonly serial: string; readonly names: string }> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port, ca: elasticsearch.ca, checkServerIdentity: () => undefined })
      socket.once('error', reject)
      socket.once('secureConnect', () => {
        const { serialNumber: serial, subjectaltname: names = '' } = socket.getPeerCertificate()
        resolve({ serial, names })
        socket.destroy()
      })
    })
  }
  const pid = () => readFileSync(join(kibana.home, 'kibana.pid'), 'utf8')
  const renewed = 'A new certificate in its files, which it reads'

  it('renews a PEM pair with an encrypted key by SIGHUP: the same process, a new serial, and its names stay', async () => {
    await startWith(await pem())
    const [before, process] = [await served(), pid()]
    const checked = await renew({}, { check: true })
    assert.deepEqual(failures(checked), [])
    assert.equal(checked.of(renewed, 'kb1').status, 'changed')
    assert.equal((await served()).serial, before.serial)

    const result = await renew()
    assert.deepEqual(failures(result), [])
    assert.equal(result.of(renewed, 'kb1').status, 'changed')
    const after = await served()
    assert.notEqual(after.serial, before.serial)
    assert.match(after.names, /DNS:kb1.*DNS:kibana\.test.*IP Address:127\.0\.0\.1/)
    assert.equal(pid(), process)
    assert.match(readFileSync(kibana.path('kibana.key'), 'utf8'), /BEGIN ENCRYPTED PRIVATE KEY/)
    assert.equal(statSync(kibana.path('kibana.key')).mode & 0o777, 0o640)

    const again = await renew()
    assert.equal(again.of(renewed, 'kb1').status, 'skipped')
    assert.equal((await served()).serial, after.serial)
  })

  it('renews a PKCS#12 store, whose password and other certificates stay', async () => {
    const { authority } = elasticsearch
    const leaf = await ending(authority)
    const entry = { alias: 'kibana', ...leaf, chain: [authority.certificate] }
    writeFileSync(kibana.path('kibana.p12'), writePkcs12(entry, new Secret('p12-pass')))
    await startWith({
      'server.ssl.keystore.path': kibana.path('kibana.p12'),
      'server.ssl.keystore.password': 'p12-pass',
    })
    const [before, process] = [await served(), pid()]
    const result = await renew()
    assert.deepEqual(failures(result), [])
    assert.notEqual((await served()).serial, before.serial)
    assert.equal(pid(), process)
  })

  it('carries on after a run that was cut off before the signal, with the certificate that is there', async () => {
    await startWith(await pem())
    const { certificate, key } = await testLeaf(
      { now: new Date(), days: 9, names: { dns: ['localhost', 'kb1'], addresses: ['127.0.0.1', '::1'] } },
      elasticsearch.authority,
    )
    kibana.write('kibana.crt', certificate.toString())
    kibana.write('kibana.key', keyToPem(key))
    const result = await renew()
    assert.deepEqual(failures(result), [])
    assert.match(result.of("Kibana's certificate, in its file and served", 'kb1').summary, /served is .* of the file/)
    assert.equal((await served()).serial, certificate.serialNumber)
  })

  it('refuses a certificate of another CA, and touches nothing', async () => {
    const now = new Date()
    await startWith(await pem(await issueAuthority({ commonName: 'Other CA', days: 10, keyBits: 2048, now })))
    const before = readFileSync(kibana.path('kibana.crt'), 'utf8')
    assert.match(failures(await renew()).join(), /cannot be renewed: the certificate in the file is not from the CA/)
    assert.equal(readFileSync(kibana.path('kibana.crt'), 'utf8'), before)
  })

  it('looks at nothing where it was not asked for', async () => {
    const { results } = await renew({ kibana_server_certificate: false })
    assert.ok(
      results.every((result) => result.endsWith('skipped')),
      results.join('\n'),
    )
  })

  it('needs no connection to a host where it was not asked for', async () => {
    const { counts } = await renew({ kibana_server_certificate: false }, { hosts: ['down1'] })
    assert.equal(counts['down1']?.unreachable, 0)
  })

  it('puts the old files back when Kibana does not serve the new certificate', async () => {
    // An old Kibana, which reads no certificate on SIGHUP, taken for a new one.
    const packageFile = join(kibana.home, 'package.json')
    const newer = readFileSync(packageFile, 'utf8')
    writeFileSync(packageFile, JSON.stringify({ name: 'kibana', version: '8.11.1' }))
    elasticsearch.version = '8.11.1'
    try {
      await startWith(await pem())
    } finally {
      elasticsearch.version = '9.5.0'
    }
    writeFileSync(packageFile, newer)
    const files = () => ['kibana.crt', 'kibana.key'].map((name) => readFileSync(kibana.path(name), 'utf8'))
    const [before, { serial }] = [files(), await served()]
    const result = await renew()
    assert.match(failures(result).join(), /^The running Kibana serves it: /)
    assert.deepEqual(files(), before)
    assert.equal((await served()).serial, serial)
  })
})
