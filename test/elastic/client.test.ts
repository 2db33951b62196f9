import assert from 'node:assert/strict'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { askElastic, ElasticError, servedScheme, type Endpoint } from '../../src/elastic/client.ts'
import { clusterState, viewCluster } from '../../src/elastic/cluster-state.ts'
import { servedCertificate } from '../../src/elastic/served-certificate.ts'
import { certificatesToPem, keyToPem } from '../../src/pki/pem.ts'
import { issueAuthority, issueLeaf, type Authority, type Identity } from '../../src/pki/issue.ts'
import { Secret } from '../../src/secrets/secret.ts'
import { LocalHost } from '../support/local-host.ts'

const credentials = { user: 'elastic', password: new Secret('elasticpw') }

/** Answers as Elasticsearch does, with the shapes of 9.5.0. */
const answers: Readonly<Record<string, unknown>> = {
  '/_cluster/health': { cluster_name: 'lab', status: 'yellow', number_of_nodes: 2, unassigned_shards: 3 },
  '/_nodes/_all/http': {
    nodes: {
      id1: { name: 'ek1', roles: ['data', 'master'], version: '9.5.0' },
      id2: { name: 'ek2', roles: ['data'], version: '9.5.0' },
    },
  },
  '/_cluster/state/master_node': { master_node: 'id1' },
  '/_cluster/settings': { persistent: { 'cluster.routing.allocation.enable': 'primaries' }, transient: {} },
}

const node: RequestListener = (request, response) => {
  const path = (request.url ?? '').split('?')[0] ?? ''
  const expected = `Basic ${Buffer.from('elastic:elasticpw').toString('base64')}`
  const isAllowed = request.headers.authorization === expected
  const status = isAllowed ? (path === '/busy' ? 503 : path in answers ? 200 : 400) : 401
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(
    JSON.stringify(status === 200 ? answers[path] : { error: { type: 'some_exception', reason: 'a reason' } }),
  )
}

describe('client', () => {
  const host = new LocalHost()
  const servers: Server[] = []
  let authority: Authority
  let leaf: Identity
  let plain: Endpoint
  let secure: Endpoint

  before(async () => {
    const now = new Date()
    authority = await issueAuthority({ commonName: 'Test CA', days: 30, keyBits: 2048, now })
    const names = { dns: ['localhost'], addresses: ['127.0.0.1'] }
    leaf = await issueLeaf({ commonName: 'ek1', names, days: 20, keyBits: 2048, usages: ['server'], now }, authority)
    const tls = { key: keyToPem(leaf.key), cert: certificatesToPem([leaf.certificate]) }
    servers.push(createServer(node), createTlsServer(tls, node))
    const ports = await Promise.all(servers.map(listen))
    const base = { host: '127.0.0.1', credentials, timeoutMs: 5000 }
    plain = { ...base, scheme: 'http', port: ports[0] ?? 0 }
    secure = { ...base, scheme: 'https', port: ports[1] ?? 0, ca: certificatesToPem([authority.certificate]) }
  })

  after(() => {
    for (const server of servers) server.close()
    host.remove()
  })

  it('asks by http and by verified https', async () => {
    for (const endpoint of [plain, secure]) {
      const answer = await askElastic(host.reader, endpoint, { path: '/_cluster/state/master_node' })
      assert.deepEqual(answer, { master_node: 'id1' })
    }
  })

  it('finds out the scheme without telling the credentials', async () => {
    assert.equal(await servedScheme(host.reader, plain), 'http')
    assert.equal(await servedScheme(host.reader, secure), 'https')
  })

  it('says what is wrong, by its kind', async () => {
    const cases: readonly (readonly [Endpoint, string, ElasticError['trouble'], boolean])[] = [
      [{ ...plain, port: 1 }, '/_cluster/health', 'refused', true],
      [{ ...plain, port: secure.port }, '/_cluster/health', 'other-scheme', false],
      [{ ...secure, port: plain.port }, '/_cluster/health', 'other-scheme', false],
      [{ ...secure, ca: undefined }, '/_cluster/health', 'tls', false],
      [{ ...plain, credentials: undefined }, '/_cluster/health', 'unauthorized', true],
      [plain, '/busy', 'unavailable', true],
      [plain, '/no-such', 'answer', false],
    ]
    for (const [endpoint, path, expected, transient] of cases) {
      await assert.rejects(askElastic(host.reader, endpoint, { path }), (error: unknown) => {
        assert.ok(error instanceof ElasticError)
        assert.deepEqual([error.trouble, error.isTransient], [expected, transient], error.message)
        assert.doesNotMatch(error.message, /elasticpw/)
        return true
      })
    }
  })

  it('refuses a certificate for another name', async () => {
    const { port, ca } = secure
    const served = await servedCertificate(host.reader, { host: '127.0.0.1', port, ca, servername: 'other.lab' })
    assert.equal(served.rejected, 'it does not carry the name "other.lab"')
  })

  it('shows the certificate that is served, verified or not', async () => {
    const { port, ca } = secure
    const served = await servedCertificate(host.reader, { host: '127.0.0.1', port, ca })
    assert.equal(served.rejected, undefined)
    assert.equal(served.serial, leaf.certificate.serialNumber.toLowerCase().replace(/^0+/, ''))
    assert.equal(served.fingerprint, leaf.certificate.fingerprint256.replaceAll(':', '').toLowerCase())
    assert.deepEqual(served.names, ['DNS:localhost', 'IP:127.0.0.1'])
    const unknown = await servedCertificate(host.reader, { host: '127.0.0.1', port })
    assert.equal(unknown.serial, served.serial)
    assert.notEqual(unknown.rejected, undefined)
    await assert.rejects(servedCertificate(host.reader, { host: '127.0.0.1', port: plain.port }))
  })

  it('looks at a cluster', async () => {
    assert.deepEqual(await clusterState(host.reader, secure), {
      clusterName: 'lab',
      status: 'yellow',
      nodes: [
        { name: 'ek1', roles: ['data', 'master'], version: '9.5.0', isElectedMaster: true },
        { name: 'ek2', roles: ['data'], version: '9.5.0', isElectedMaster: false },
      ],
      relocatingShards: 0,
      initializingShards: 0,
      unassignedShards: 3,
      delayedShards: 0,
      redIndices: [],
      allocation: 'primaries',
    })
  })

  it('gives a view of a node that does not let it look', async () => {
    const rejected = await viewCluster(host.reader, { ...plain, credentials: undefined })
    assert.equal(rejected.kind, 'rejected')
    const silent = await viewCluster(host.reader, { ...plain, port: 1 })
    assert.equal(silent.kind === 'silent' && silent.isTransient, true)
  })
})

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
}
