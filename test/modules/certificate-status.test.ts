import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { createServer, type Server } from 'node:tls'
import { caBundle } from '../../src/modules/ca-bundle.ts'
import { parseArguments } from '../../src/modules/arguments.ts'
import { certificate } from '../../src/modules/certificate.ts'
import { certificateAuthority } from '../../src/modules/certificate-authority.ts'
import { certificateStatus } from '../../src/modules/certificate-status.ts'
import type { StatusArguments } from '../../src/modules/certificate-status-arguments.ts'
import type { Module } from '../../src/modules/module.ts'
import { storedPassword } from '../../src/modules/stored-password.ts'
import { certificateOf, readPkcs12 } from '../../src/pki/pkcs12.ts'
import { Secret } from '../../src/secrets/secret.ts'
import { runHere, testVault } from '../support/controller-task.ts'
import { LocalHost } from '../support/local-host.ts'
import { daysAfter, now, testLeaf } from '../support/test-ca.ts'

const yml = `xpack.security.http.ssl:
  enabled: true
  keystore.path: http.p12
`

describe('certificate_status', () => {
  let host: LocalHost
  let server: Server
  const at = { now }

  const password = () => testVault.decrypt(readFileSync(host.path('pki/http-p12-password')), 'password')
  const stored = () => testVault.decrypt(readFileSync(host.path('pki/es1/http.p12')), 'http.p12').revealBytes()
  const serve = () => server.setSecureContext(contextOf(stored(), password()))
  const issue = (more = {}) =>
    runHere(
      certificate,
      { dir: host.path('pki'), node: 'es1', known_as: 'es1', p12_password: password(), ...more },
      now,
    )

  beforeEach(async () => {
    at.now = now
    host = new LocalHost({ clock: { now: () => at.now, sleep: () => Promise.resolve() } })
    const dir = host.path('pki')
    await runHere(storedPassword, { path: join(dir, 'http-p12-password') }, now)
    await runHere(certificateAuthority, { dir }, now)
    await runHere(
      caBundle,
      { certificates: [join(dir, 'ca/http-ca.crt')], dest: join(dir, 'elasticsearch-ca.pem') },
      now,
    )
    await issue()
    mkdirSync(host.path('conf'))
    writeFileSync(host.path('conf/elasticsearch.yml'), yml)
    writeFileSync(host.path('conf/http.p12'), stored())
    server = createServer()
    serve()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  afterEach(async () => {
    await new Promise((resolve) => server.close(resolve))
    host.remove()
  })

  const look = async (more = {}) => {
    const values = {
      dir: host.path('pki'),
      node: 'es1',
      known_as: 'es1',
      path_conf: host.path('conf'),
      user: userInfo().username,
      group: 'nobody',
      host: '127.0.0.1',
      port: (server.address() as AddressInfo).port,
      ...more,
    }
    const args = parseArguments(certificateStatus as Module, values) as StatusArguments
    const state = await certificateStatus.inspect({ ...host.look, vault: testVault }, args)
    const decision = certificateStatus.decide(state, args, host.context)
    assert.ok(decision.kind === 'keep')
    const result = decision.result as {
      readonly action: string
      readonly due: boolean
      readonly reasons: readonly { readonly kind: string }[]
      readonly store: { readonly serial?: string }
      readonly file: { readonly serial?: string; readonly problem?: string }
      readonly served: {
        readonly serial?: string
        readonly problem?: string
        readonly issuer?: string
        readonly rejected?: string
      }
    }
    return { ...result, kinds: result.reasons.map((reason) => reason.kind), reason: decision.reason }
  }

  it('finds one certificate in all three places, and nothing to do', async () => {
    const { action, due, store, file, served, reason } = await look()
    assert.deepEqual([action, due], ['none', false])
    assert.match(reason, /^valid until 2028-02-29, renewal starts 2027-10-30$/)
    assert.match(store.serial ?? '', /^[0-9a-f]{20,}$/)
    assert.deepEqual([file.serial, served.serial], [store.serial, store.serial])
    assert.equal(served.issuer, 'CN=Elasticsearch HTTP CA')
  })

  it('changes nothing and shows no secret', async () => {
    const shown = JSON.stringify(await look({ force: true }))
    assert.ok(!shown.includes(password().reveal()))
    for (const script of host.scripts) assert.ok(!script.includes(password().reveal()))
  })

  it('sees what is due', async () => {
    at.now = daysAfter(now, 300)
    assert.deepEqual((await look()).kinds, ['expiring'])
    assert.deepEqual((await look({ renew_before_days: 20 })).kinds, [])
    at.now = now
    assert.deepEqual((await look({ names: 'search.example.com' })).kinds, ['names changed'])
    assert.deepEqual((await look({ force: true })).kinds, ['forced'])
  })

  it('sees a renewal that was cut off: before the file was placed, and before it was read', async () => {
    await issue({ force: true })
    assert.deepEqual([(await look()).action, (await look()).kinds], ['place', ['file differs from store']])
    writeFileSync(host.path('conf/http.p12'), stored())
    assert.deepEqual([(await look()).action, (await look()).kinds], ['reload', ['served differs from file']])
    serve()
    assert.equal((await look()).action, 'none')
  })

  it('sees a file that is missing, broken or closed', async () => {
    const path = host.path('conf/http.p12')
    writeFileSync(path, 'nonsense')
    assert.deepEqual((await look()).kinds, ['file unreadable'])
    rmSync(path)
    const missing = await look()
    assert.deepEqual([missing.kinds, missing.file.problem], [['file missing'], 'missing'])
    writeFileSync(path, stored())
    chmodSync(path, 0o600)
    assert.deepEqual((await look({ user: 'elasticsearch' })).kinds, ['file closed to Elasticsearch'])
    assert.deepEqual((await look({ user: 'elasticsearch', group: 'no-such-group' })).action, 'reload')
  })

  it('refuses what is no renewal', async () => {
    const kindsOf = async (more = {}) => {
      const { action, kinds } = await look(more)
      return action === 'refuse' ? kinds : action
    }
    assert.deepEqual(await kindsOf({ p12_password: new Secret('another one') }), ['password changed'])
    const foreign = await testLeaf()
    server.setSecureContext({ cert: foreign.certificate.toString(), key: keyOf(foreign) })
    assert.deepEqual(await kindsOf(), ['CA replaced'])
    writeFileSync(host.path('conf/elasticsearch.yml'), 'xpack.security.http.ssl.enabled: false\n')
    assert.deepEqual(await kindsOf(), ['not set up'])
    writeFileSync(host.path('conf/elasticsearch.yml'), yml.replace('http.p12', 'other.p12'))
    assert.deepEqual(await kindsOf(), ['not set up'])
  })

  it('tells while the CA is rotated which of the two each certificate is from', async () => {
    const dir = host.path('pki')
    await runHere(certificateAuthority, { dir, name: 'http-ca-next' }, now)
    const issuers = async () => {
      const { store, file, served, action, kinds } = await look()
      return [[store, file, served].map((one) => (one as { issued_by?: string }).issued_by), action, kinds]
    }
    assert.deepEqual(await issuers(), [['http-ca', 'http-ca', 'http-ca'], 'none', []])
    await issue({ ca: 'http-ca-next' })
    assert.deepEqual(await issuers(), [['http-ca-next', 'http-ca', 'http-ca'], 'refuse', ['CA rotation']])
    writeFileSync(host.path('conf/http.p12'), stored())
    serve()
    assert.deepEqual(await issuers(), [['http-ca-next', 'http-ca-next', 'http-ca-next'], 'none', []])
    // Its chain is found: only the clock of this machine is behind that of the test.
    assert.equal((await look()).served.rejected, 'CERT_NOT_YET_VALID')
    await issue({ force: true })
    assert.deepEqual([(await look()).action, (await look()).kinds[0]], ['place', 'file differs from store'])
    const foreign = await testLeaf()
    server.setSecureContext({ cert: foreign.certificate.toString(), key: keyOf(foreign) })
    assert.deepEqual((await issuers()).slice(1), ['refuse', ['CA replaced']])
  })

  it('is no failure where there is nothing yet: no store, no file, no answer', async () => {
    rmSync(host.path('pki'), { recursive: true })
    rmSync(host.path('conf/http.p12'))
    const { action, kinds, served, file } = await look({ port: 9 })
    assert.deepEqual([action, kinds], ['refuse', ['not set up']])
    assert.deepEqual(file, { problem: 'missing' })
    assert.match(served.problem ?? '', /127\.0\.0\.1:9/)
  })
})

function contextOf(store: Buffer, password: Secret): { cert: string; key: string } {
  const opened = readPkcs12(store, password)
  const [key] = opened.keys
  const found = key === undefined ? undefined : certificateOf(opened, key)
  assert.ok(key !== undefined && found !== undefined)
  return { cert: found.toString(), key: keyOf(key) }
}

function keyOf({ key }: { readonly key: { export(options: { type: 'pkcs8'; format: 'pem' }): string | Buffer } }) {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString()
}
