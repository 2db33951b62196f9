import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net'
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https'
import { ConnectionError } from '../../src/connection/connection.ts'
import { HttpError, httpRequest, type HttpRequestWords } from '../../src/facts/http.ts'
import { issueAuthority, type Identity, type LeafRequest } from '../../src/pki/issue.ts'
import { Secret } from '../../src/secrets/secret.ts'
import { LocalHost } from '../support/local-host.ts'
import { testLeaf } from '../support/test-ca.ts'

describe('httpRequest', () => {
  const host = new LocalHost()
  let server: Server
  let url = ''
  before(async () => {
    server = createServer((request, response) => {
      if (request.url === '/never') return
      const parts: Buffer[] = []
      request.on('data', (part: Buffer) => parts.push(part))
      request.on('end', () => {
        const { method, headers } = request
        response.writeHead(request.url === '/teapot' ? 418 : 200, { 'content-type': 'application/json' })
        response.end(JSON.stringify({ method, headers, body: Buffer.concat(parts).toString() }))
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  after(() => {
    server.close()
    server.closeAllConnections()
    host.remove()
  })

  const words = (parts: Partial<HttpRequestWords>): HttpRequestWords => ({
    method: 'GET',
    url,
    headers: {},
    verify: 'full',
    timeoutMs: 5000,
    ...parts,
  })
  const send = (parts: Partial<HttpRequestWords>) => httpRequest(host.reader, words(parts))
  const stageOf = async (parts: Partial<HttpRequestWords>) => {
    const error: unknown = await send(parts).then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    assert.ok(error instanceof HttpError, String(error))
    return error
  }

  it('says of a host that is not there that it is the host, for nothing that runs on it is to be waited for', async () => {
    const gone = new ConnectionError('connect', 'Cannot connect to "es1"')
    const reader = { ...host.reader, open: () => Promise.reject(gone) }
    await assert.rejects(httpRequest(reader, words({})), gone)
  })

  it('sends method, headers and body, and returns status, headers and body', async () => {
    const answer = await send({
      method: 'PUT',
      headers: { 'X-One': new Secret('hidden') },
      body: Buffer.from('{"a":1}'),
    })
    const seen = JSON.parse(answer.body.toString()) as { method: string; headers: Record<string, string>; body: string }
    assert.equal(answer.status, 200)
    assert.equal(answer.headers['content-type'], 'application/json')
    assert.deepEqual([seen.method, seen.body, seen.headers['x-one']], ['PUT', '{"a":1}', 'hidden'])
    assert.equal(seen.headers['host'], new URL(url).host)
  })

  it('takes any status as an answer', async () => {
    assert.equal((await send({ url: `${url}/teapot` })).status, 418)
  })

  it('says that a port is closed', async () => {
    const error = await stageOf({ url: 'http://127.0.0.1:1/secret?token=x' })
    assert.deepEqual([error.stage, error.code], ['connect', 'ECONNREFUSED'])
    assert.match(error.message, /^Cannot connect to http:\/\/127\.0\.0\.1:1 from "local"/)
    assert.ok(!error.message.includes('token'))
  })

  it('gives up after the time, whatever is missing', async () => {
    assert.equal((await stageOf({ url: `${url}/never`, timeoutMs: 100 })).stage, 'timeout')
  })

  it('tells a port that speaks no TLS from one that speaks no HTTP', async () => {
    assert.equal((await stageOf({ url: url.replace('http:', 'https:') })).stage, 'tls')
    const sockets: Socket[] = []
    const mute = createTcpServer((socket) => {
      sockets.push(socket)
      socket.on('error', () => undefined)
      socket.end('SSH-2.0-not-http\r\n')
    })
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve))
    try {
      const port = (mute.address() as AddressInfo).port
      assert.equal((await stageOf({ url: `http://127.0.0.1:${port}` })).stage, 'protocol')
    } finally {
      mute.close()
      for (const socket of sockets) socket.destroy()
    }
  })

  describe('over TLS', () => {
    const servers: SecureServer[] = []
    after(() => {
      for (const one of servers) one.close()
    })
    const serve = async (identity: Identity) => {
      const key = identity.key.export({ type: 'pkcs8', format: 'pem' })
      const one = createSecureServer({ key, cert: identity.certificate.toString() }, (_, response) =>
        response.end('hello'),
      )
      servers.push(one)
      await new Promise<void>((resolve) => one.listen(0, '127.0.0.1', resolve))
      return (one.address() as AddressInfo).port
    }
    const authority = once(() => issueAuthority({ commonName: 'A', days: 10, keyBits: 2048, now: new Date() }))
    const issue = async (parts: Partial<LeafRequest> = {}) => testLeaf({ now: new Date(), ...parts }, await authority())
    const pem = async () => (await authority()).certificate.toString()

    it('verifies chain and name, of names and of addresses', async () => {
      const port = await serve(await issue())
      for (const name of ['localhost', '127.0.0.1']) {
        const answer = await send({ url: `https://${name}:${port}`, ca: await pem() })
        assert.equal(answer.body.toString(), 'hello')
      }
    })

    it('refuses another name, unless only the chain is asked for', async () => {
      const port = await serve(await issue({ names: { dns: ['elsewhere'], addresses: [] } }))
      const request = { url: `https://127.0.0.1:${port}`, ca: await pem() }
      const error = await stageOf(request)
      assert.deepEqual([error.stage, error.code], ['tls', 'ERR_TLS_CERT_ALTNAME_INVALID'])
      assert.equal((await send({ ...request, verify: 'certificate' })).status, 200)
    })

    it('refuses a CA that was not given, unless nothing is verified', async () => {
      const port = await serve(await issue())
      const other = await issueAuthority({ commonName: 'B', days: 10, keyBits: 2048, now: new Date() })
      const request = { url: `https://localhost:${port}` }
      for (const ca of [undefined, other.certificate.toString()]) {
        for (const verify of ['full', 'certificate'] as const) {
          assert.equal((await stageOf({ ...request, ca, verify })).stage, 'tls')
        }
      }
      assert.equal((await send({ ...request, verify: 'none' })).status, 200)
    })
  })
})

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => (made ??= make())
}
