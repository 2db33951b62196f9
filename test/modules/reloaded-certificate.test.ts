import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer, type Server } from 'node:tls'
import { parseArguments } from '../../src/modules/arguments.ts'
import type { Module, Wait } from '../../src/modules/module.ts'
import { reloadedCertificate } from '../../src/modules/reloaded-certificate.ts'
import { issueAuthority, type Authority, type Identity } from '../../src/pki/issue.ts'
import { LocalHost } from '../support/local-host.ts'
import { testLeaf } from '../support/test-ca.ts'

describe('reloaded_certificate', () => {
  let authority: Authority
  let earlier: Identity
  let later: Identity
  let host: LocalHost
  let server: Server

  const contextOf = ({ certificate, key }: Identity) => ({
    cert: certificate.toString(),
    key: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
  })
  const leaf = () => testLeaf({ now: new Date(), days: 30 }, authority)

  before(async () => {
    authority = await issueAuthority({ commonName: 'Test CA', days: 100, keyBits: 2048, now: new Date() })
    earlier = await leaf()
    later = await leaf()
  })
  beforeEach(async () => {
    host = new LocalHost()
    writeFileSync(host.path('http.p12'), '')
    host.variables['elasticsearch_log_file'] = host.path('lab.log')
    server = createServer(contextOf(earlier))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  afterEach(async () => {
    await new Promise((resolve) => server.close(resolve))
    host.remove()
  })

  const wait = (ca = authority): Wait => {
    const values = {
      path: host.path('http.p12'),
      serial: later.certificate.serialNumber,
      ca: ca.certificate.toString(),
      host: '127.0.0.1',
      port: (server.address() as AddressInfo).port,
    }
    const args = parseArguments(reloadedCertificate as Module, values)
    const decision = (reloadedCertificate as Module).decide(undefined, args, host.context)
    assert.ok(decision.kind === 'wait')
    return decision
  }
  const logged = (at: Date, text: string) => {
    // As log4j writes it: the host's own time, with a comma before the milliseconds.
    const local = new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString()
    writeFileSync(host.path('lab.log'), `[${local.slice(0, 23).replace('.', ',')}]${text}\n`, { flag: 'a' })
  }
  const warning = () =>
    `[WARN ][o.e.w.FileWatcher        ] [es1] cannot notify file changes listener\norg.elasticsearch.common.ssl.SslConfigException: not permitted to read the [PKCS12] keystore file [${host.path('http.p12')}]`
  const hourAgo = () => new Date(Date.now() - 3_600_000)
  const soon = () => new Date(Date.now() + 2000)
  const explained = async () => (await wait().explain?.(host.look)) ?? { message: '' }

  it('waits as long as the old certificate is served, and is done with the new one', async () => {
    assert.equal((await wait().probe(host.look)).done, false)
    server.setSecureContext(contextOf(later))
    const probe = await wait().probe(host.look)
    assert.ok(probe.done)
    assert.match(probe.reason, /^serves [0-9a-f]+, valid until /)
  })

  it('is not done with one that does not verify', async () => {
    server.setSecureContext(contextOf(later))
    const other = await issueAuthority({ commonName: 'Other CA', days: 100, keyBits: 2048, now: new Date() })
    const probe = await wait(other).probe(host.look)
    assert.equal(probe.done, false)
  })

  it('gives Elasticsearch three times as long as it ever took', () => {
    assert.equal(wait().timeoutMs, 15_000)
  })

  it('tells the cause from the log, and that the next start would fail', async () => {
    logged(soon(), warning())
    const { message, hint } = await explained()
    assert.match(message, /goes on with the old certificate: .* not permitted to read "/)
    assert.match(hint ?? '', /would not let Elasticsearch start again\. Log: .*lab\.log/)
  })

  it('does not blame this file for what the log says of an older one', async () => {
    logged(hourAgo(), warning())
    assert.match((await explained()).message, /its log does not say why/)
  })

  it('says so when there is no log, and when the file was read but is not what is served', async () => {
    assert.match((await explained()).message, /its log does not say why/)
    const text = `[INFO ][o.e.x.c.s.SSLConfigurationReloader] [es1] updated 1 ssl contexts in 1ms using file [${host.path('http.p12')}]`
    logged(soon(), text)
    assert.match((await explained()).message, /has read the file at .*, but does not serve it as expected/)
  })
})
