import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { createServer, type Server, type TlsOptions } from 'node:tls'
import { transportHandshake } from '../../src/elastic/transport-handshake.ts'
import { issueAuthority, type Authority, type Identity } from '../../src/pki/issue.ts'
import { keyToPem } from '../../src/pki/pem.ts'
import { LocalHost } from '../support/local-host.ts'
import { testLeaf } from '../support/test-ca.ts'

describe('transportHandshake', () => {
  const host = new LocalHost()
  let authority: Authority
  let other: Authority
  let node: Identity
  let server: Server | undefined

  const newAuthority = () => issueAuthority({ commonName: 'CA', days: 100, keyBits: 2048, now: new Date() })
  const leaf = (issuer: Authority) => testLeaf({ now: new Date(), days: 30, usages: ['server', 'client'] }, issuer)

  before(async () => {
    ;[authority, other] = [await newAuthority(), await newAuthority()]
    node = await leaf(authority)
  })
  afterEach(() => new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve()))))
  after(() => host.remove())

  /** Answers a ping as a node does; `echo` false: takes everything and says nothing. */
  const listen = async (options: TlsOptions & { readonly echo?: boolean } = {}): Promise<number> => {
    const { echo = true, ...more } = options
    const identity = { key: keyToPem(node.key), cert: node.certificate.toString() }
    const trust = { ca: authority.certificate.toString(), requestCert: true, rejectUnauthorized: true }
    server = createServer({ ...identity, ...trust, ...more }, (socket) => {
      socket.on('error', () => undefined)
      socket.on('data', (data: Buffer) => echo && data.toString('hex') === '4553ffffffff' && socket.write(data))
    })
    server.on('tlsClientError', () => undefined)
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve))
    return (server.address() as AddressInfo).port
  }
  const shake = (port: number, identity: Identity | undefined, ca = authority, timeoutMs = 5000) =>
    transportHandshake(host.reader, { host: '127.0.0.1', port, ca: ca.certificate.toString(), identity, timeoutMs })

  for (const version of ['TLSv1.3', 'TLSv1.2'] as const) {
    it(`is taken and verified with a certificate of the CA (${version})`, async () => {
      const port = await listen({ maxVersion: version })
      const seen = await shake(port, await leaf(authority))
      assert.deepEqual([seen.rejected, seen.refused], [undefined, undefined])
      assert.equal(seen.certificate?.serialNumber, node.certificate.serialNumber)
    })

    it(`is refused with one of another CA (${version})`, async () => {
      const port = await listen({ maxVersion: version })
      assert.notEqual((await shake(port, await leaf(other))).refused, undefined)
    })
  }

  it("sees the node's certificate also when its own is refused, or it has none", async () => {
    const port = await listen()
    for (const identity of [await leaf(other), undefined]) {
      const seen = await shake(port, identity)
      assert.equal(seen.certificate?.serialNumber, node.certificate.serialNumber)
      assert.notEqual(seen.refused, undefined)
    }
  })

  it('tells a certificate that does not verify from one that is refused', async () => {
    const seen = await shake(await listen(), await leaf(authority), other)
    assert.deepEqual([typeof seen.rejected, seen.refused], ['string', undefined])
  })

  it('takes no silence for an answer', async () => {
    const seen = await shake(await listen({ echo: false }), await leaf(authority), authority, 300)
    assert.equal(seen.refused, 'no answer in time')
  })

  it('is no error where nothing listens', async () => {
    const seen = await shake(9, undefined)
    assert.match(seen.refused ?? '', /cannot connect to 127\.0\.0\.1:9/)
    assert.equal(seen.certificate, undefined)
  })
})
