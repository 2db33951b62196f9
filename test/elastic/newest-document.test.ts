import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { newestDocument } from '../../src/elastic/newest-document.ts'
import { Secret } from '../../src/secrets/secret.ts'
import { LocalHost } from '../support/local-host.ts'

describe('newestDocument', () => {
  const host = new LocalHost()
  let server: Server
  before(async () => {
    server = createServer((_, response) => response.writeHead(403).end('no'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  after(() => {
    server.close()
    host.remove()
  })

  it('says who refused, without a password that stands in the address', async () => {
    const address = `127.0.0.1:${(server.address() as AddressInfo).port}`
    const words = {
      ca: undefined,
      user: 'elastic',
      password: new Secret('Other-1'),
      index: 'metricbeat-*',
      agentId: 'a',
    }
    await assert.rejects(newestDocument(host.reader, { ...words, urls: [`http://beat:Hunter22@${address}`] }), {
      message: `http://${address} answered 403: no`,
    })
  })
})
