import assert from 'node:assert/strict'
import { connect } from 'node:tls'
import { issueLeaf } from '../../src/pki/issue.ts'
import { keyToPem } from '../../src/pki/pem.ts'
import { kibanaStatus } from '../../src/elastic/kibana-status.ts'
import { Secret } from '../../src/secrets/secret.ts'
import { LocalHost } from '../support/local-host.ts'
import { skipFor } from '../support/needs.ts'
import { FakeElasticsearch, freePort, KibanaHome } from './stand-in.ts'

describe('the stand-in for Kibana', () => {
  const host = new LocalHost()
  let elasticsearch: FakeElasticsearch
  let kibana: KibanaHome
  let port: number

  before(async () => {
    elasticsearch = await FakeElasticsearch.start()
  })
  after(async () => {
    await elasticsearch.stop()
    host.remove()
  })
  beforeEach(async () => {
    kibana = new KibanaHome()
    port = await freePort()
  })
  afterEach(() => kibana.remove())

  function settings(lines: Readonly<Record<string, unknown>> = {}): void {
    const all = {
      'server.port': port,
      'server.host': '127.0.0.1',
      'elasticsearch.hosts': [elasticsearch.url],
      'elasticsearch.username': 'kibana_system',
      'elasticsearch.password': 'right',
      'elasticsearch.ssl.certificateAuthorities': [kibana.write('ca.pem', elasticsearch.ca)],
      ...lines,
    }
    kibana.write(
      'kibana.yml',
      Object.entries(all)
        .map(([name, value]) => `${name}: ${JSON.stringify(value)}\n`)
        .join(''),
    )
  }

  const status = (password: string) =>
    kibanaStatus(host.reader, { url: `http://127.0.0.1:${port}`, user: 'elastic', password: new Secret(password) })

  it('does not run as root', async function () {
    if (process.getuid?.() !== 0) skipFor(this, 'needs root')
    const { code, stderr } = await kibana.run([])
    assert.deepEqual([code, stderr], [1, 'Kibana should not be run as root.  Use --allow-root to continue.\n'])
  })

  it('is available once Elasticsearch answers, and shows its view to whom Elasticsearch knows', async () => {
    settings()
    kibana.start()
    await kibana.printed('Kibana is now available')
    const found = await status('right')
    assert.equal(found.kind, 'status')
    assert.equal(found.kind === 'status' && found.elasticsearch.level, 'available')
    const wrong = await status('wrong')
    assert.equal(wrong.kind === 'refused' && wrong.status, 401)
  })

  it('keeps running without an authority it can verify with, and is not ready', async () => {
    settings({ 'elasticsearch.ssl.certificateAuthorities': [] })
    kibana.start()
    await kibana.printed(
      'Unable to retrieve version information from Elasticsearch nodes. unable to verify the first certificate',
    )
    assert.deepEqual(await status('right'), { kind: 'level', level: 'unavailable' })
    const page = await fetch(`http://127.0.0.1:${port}/`)
    assert.deepEqual([page.status, page.headers.get('retry-after')], [503, '30'])
    assert.equal(await page.text(), 'Kibana server is not ready yet')
  })

  it('keeps running with a wrong password, and with http to the https port', async () => {
    settings({ 'elasticsearch.password': 'wrong' })
    kibana.start()
    await kibana.printed('unable to authenticate user [kibana_system] for REST request [/_nodes')
    await kibana.remove()
    kibana = new KibanaHome()
    settings({ 'elasticsearch.hosts': [elasticsearch.url.replace('https:', 'http:')] })
    kibana.start()
    await kibana.printed('Unable to retrieve version information from Elasticsearch nodes. socket hang up')
  })

  it('prefers an old address in its keystore to the new one in kibana.yml', async () => {
    settings()
    await kibana.keystore(['create'])
    await kibana.keystore(['add', 'elasticsearch.hosts', '-x'], '"https://localhost:1"')
    kibana.start()
    await kibana.printed('ECONNREFUSED')
  })

  it('refuses the user elastic with 78, an unknown key with 64, a doubled key and a missing CA with 1', async () => {
    settings({ 'elasticsearch.username': 'elastic' })
    const forbidden = await kibana.run()
    assert.equal(forbidden.code, 78)
    assert.match(
      forbidden.stderr,
      /\[config validation of \[elasticsearch\]\.username\]: value of "elastic" is forbidden/,
    )

    settings({ 'elasticsearch.hostss': 'x' })
    const unknown = await kibana.run()
    assert.equal(unknown.code, 64)
    assert.match(unknown.stderr, /Unknown configuration key\(s\): "elasticsearch.hostss"\. Check for spelling errors/)

    kibana.write('kibana.yml', 'server.port: 1\nserver.port: 2\n')
    const doubled = await kibana.run()
    assert.equal(doubled.code, 1)
    assert.match(doubled.stderr, /Map keys must be unique at line 2, column 1/)

    settings({ 'elasticsearch.ssl.certificateAuthorities': ['ca.pem'] })
    const relative = await kibana.run()
    assert.equal(relative.code, 1)
    assert.match(relative.stderr, /ENOENT: no such file or directory, open 'ca\.pem'/)
  })

  it('tells an Elasticsearch of another major that it does not fit', async () => {
    elasticsearch.version = '8.19.5'
    try {
      settings()
      kibana.start()
      await kibana.printed(
        'This version of Kibana (v9.5.0) is incompatible with the following Elasticsearch nodes in your cluster: v8.19.5 @ 127.0.0.1:',
      )
    } finally {
      elasticsearch.version = '9.5.0'
    }
  })

  it('stores a role in Elasticsearch, but not without kbn-xsrf', async () => {
    settings()
    kibana.start()
    await kibana.printed('Kibana is now available')
    const put = (headers: Record<string, string>) =>
      fetch(`http://127.0.0.1:${port}/api/security/role/reader`, {
        method: 'PUT',
        headers: { authorization: `Basic ${Buffer.from('elastic:right').toString('base64')}`, ...headers },
        body: JSON.stringify({ kibana: [{ feature: { dashboard: ['read'] }, spaces: ['default'] }] }),
      })
    assert.equal((await put({})).status, 400)
    assert.equal((await put({ 'kbn-xsrf': '1' })).status, 204)
    assert.deepEqual((elasticsearch.roles.get('reader') as { applications: unknown }).applications, [
      { application: 'kibana-.kibana', privileges: ['feature_dashboard.read'], resources: ['space:default'] },
    ])
  })

  describe('with TLS of its own', () => {
    async function certificate(): Promise<{ readonly serial: string }> {
      const names = { dns: ['localhost'], addresses: [] }
      const request = {
        commonName: 'kibana',
        names,
        days: 5,
        keyBits: 2048,
        usages: ['server'],
        now: new Date(),
      } as const
      const leaf = await issueLeaf(request, elasticsearch.authority)
      kibana.write('kibana.crt', leaf.certificate.toString())
      kibana.write('kibana.key', keyToPem(leaf.key))
      return { serial: leaf.certificate.serialNumber }
    }

    function tls(): Record<string, unknown> {
      const [crt, key] = [kibana.path('kibana.crt'), kibana.path('kibana.key')]
      return { 'server.ssl.enabled': true, 'server.ssl.certificate': crt, 'server.ssl.key': key }
    }

    function served(protocols: readonly string[]): Promise<{ serial: string; protocol: string | false | null }> {
      return new Promise((resolve, reject) => {
        const socket = connect({
          host: '127.0.0.1',
          port,
          servername: 'localhost',
          ca: elasticsearch.ca,
          ALPNProtocols: [...protocols],
        })
        socket.once('error', reject)
        socket.once('secureConnect', () => {
          resolve({ serial: socket.getPeerCertificate().serialNumber, protocol: socket.alpnProtocol })
          socket.destroy()
        })
      })
    }

    it('speaks HTTP/2 and HTTP/1.1, and shows a new certificate after SIGHUP only', async () => {
      const first = await certificate()
      settings(tls())
      kibana.start()
      await kibana.printed('Kibana is now available')
      assert.deepEqual(await served(['h2']), { serial: first.serial, protocol: 'h2' })
      assert.equal((await served(['http/1.1'])).protocol, 'http/1.1')
      const second = await certificate()
      assert.equal((await served(['h2'])).serial, first.serial)
      kibana.signal('SIGHUP')
      await kibana.printed('Reloaded Kibana configuration')
      assert.equal((await served(['h2'])).serial, second.serial)
    })

    it('dies of a SIGHUP with a broken kibana.yml', async () => {
      await certificate()
      settings(tls())
      kibana.start()
      await kibana.printed('Kibana is now available')
      kibana.write('kibana.yml', 'a: b\na: c\n')
      kibana.signal('SIGHUP')
      assert.equal(await kibana.ended(), 1)
    })
  })
})
