import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer, type Server } from 'node:tls'
import { trustedCertificates, type OpenTransport } from '../../src/elastic/transport-files.ts'
import type { Decision, Module, Values } from '../../src/modules/module.ts'
import { reloadedTransport } from '../../src/modules/reloaded-transport.ts'
import { transportWords } from '../../src/modules/transport-arguments.ts'
import { transportCertificate } from '../../src/modules/transport-certificate.ts'
import { transportFiles } from '../../src/modules/transport-stores.ts'
import { transportPhaseGate } from '../../src/modules/transport-phase.ts'
import { transportStatus } from '../../src/modules/transport-status.ts'
import { transportTrust } from '../../src/modules/transport-trust.ts'
import type { CertificateNames } from '../../src/pki/certificate-name.ts'
import { issueAuthority, issueLeaf, type Authority } from '../../src/pki/issue.ts'
import { certificatesToPem, keyToPem } from '../../src/pki/pem.ts'
import { writePkcs12, writeTrustStore } from '../../src/pki/pkcs12.ts'
import { Secret } from '../../src/secrets/secret.ts'
import { elasticsearchKeystore } from '../support/elasticsearch-keystore.ts'
import { LocalHost } from '../support/local-host.ts'

const prefix = 'xpack.security.transport.ssl'
const password = 'Transp0rt-Passw0rd'
const yml = `${prefix}.enabled: true
${prefix}.keystore.path: elastic-certificates.p12
${prefix}.truststore.path: elastic-certificates.p12
`

/** Knows a default too, as the modules use it. */
class Host extends LocalHost {
  override render(text: string): string {
    return text.replace(
      /\{\{ (\w+) \| default\(''\) \}\}/g,
      (_, name: string) => (this.variables[name] as string | undefined) ?? '',
    )
  }
}

describe('the modules of transport TLS', () => {
  let former: Authority
  let next: Authority
  let host: Host
  let node: Server
  const servers: Server[] = []

  const newAuthority = (commonName: string) =>
    issueAuthority({ commonName, days: 1000, keyBits: 2048, now: new Date() })
  const leafOf = (authority: Authority, days = 300, names: CertificateNames = { dns: [], addresses: [] }) =>
    issueLeaf(
      {
        commonName: 'instance',
        names,
        days,
        keyBits: 2048,
        usages: ['server', 'client'],
        now: new Date(),
      },
      authority,
    )
  const entries = (...all: readonly Authority[]) =>
    all.map(({ certificate }, index) => ({ alias: `ca-${index}`, certificate }))
  const pem = ({ certificate, key }: Authority) => `${certificate.toString()}${keyToPem(key)}`

  before(async () => {
    former = await newAuthority('Former CA')
    next = await newAuthority('Next CA')
  })
  beforeEach(async () => {
    host = new Host()
    mkdirSync(host.path('conf'))
    mkdirSync(host.path('pki/ca'), { recursive: true })
    writeFileSync(host.path('conf/elasticsearch.yml'), yml)
    const names = [`${prefix}.keystore.secure_password`, `${prefix}.truststore.secure_password`]
    keystore(Object.fromEntries(names.map((name) => [name, password])))
    const leaf = await leafOf(former)
    write(writePkcs12({ alias: 'instance', ...leaf, chain: [] }, new Secret(password), entries(former)))
    writeFileSync(host.path('former.pem'), pem(former))
    node = createServer({ requestCert: true, rejectUnauthorized: true }, (socket) => {
      socket.on('error', () => undefined)
      socket.on('data', (data: Buffer) => socket.write(data))
    })
    node.on('tlsClientError', () => undefined)
    servers.push(node)
    await new Promise<void>((resolve) => node.listen(0, '127.0.0.1', resolve))
    await reload()
  })
  afterEach(() => host.remove())
  after(() => Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve)))))

  const write = (store: Buffer, name = 'elastic-certificates.p12') =>
    writeFileSync(host.path(`conf/${name}`), store, { mode: 0o640 })
  const keystore = (values: Readonly<Record<string, string>>) =>
    writeFileSync(host.path('conf/elasticsearch.keystore'), elasticsearchKeystore(values))
  const putNext = () => {
    writeFileSync(host.path('pki/ca/transport-ca.crt'), next.certificate.toString())
    writeFileSync(host.path('pki/ca/transport-ca.key'), `$TEST_VAULT;${keyToPem(next.key)}`)
  }

  const own = () => ({ own_ca_path: host.path('former.pem') })
  const words = (more: Values = {}): Values => ({
    dir: host.path('pki'),
    path_conf: host.path('conf'),
    host: '127.0.0.1',
    port: (node.address() as AddressInfo).port,
    ...more,
  })
  const files = async (): Promise<OpenTransport> => {
    const given = { dir: host.path('pki'), ca: 'transport-ca', path_conf: host.path('conf'), rotate: false }
    const found = await transportFiles(host.look, transportWords(host.look, given))
    assert.ok(found.kind === 'open', JSON.stringify(found))
    return found
  }
  /** What a node does within five seconds of a change. */
  const reload = async () => {
    const { key, ...rest } = await files()
    const ca = certificatesToPem(trustedCertificates({ key, ...rest }))
    node.setSecureContext({ key: keyToPem(key.key), cert: key.certificate.toString(), ca })
  }

  const run = async (module: unknown, more: Values = {}) => host.run(module as Module, words(more))
  const status = async (more: Values = {}) => {
    const { decision, result } = await run(transportStatus, more)
    assert.equal(decision.kind, 'keep')
    return { reason: decision.kind === 'keep' ? decision.reason : '', ...result }
  }
  const probe = async (module: unknown, more: Values = {}) => {
    const { decision } = await run(module, more)
    assert.ok(decision.kind === 'wait')
    return decision.probe(host.look)
  }
  const subjects = async () => trustedCertificates(await files()).map((one) => one.subject)
  const summary = (decision: Decision) => (decision.kind === 'change' ? decision.change.summary : decision.kind)

  it('transport_status shows the certificate, and that its CA would be needed', async () => {
    const { action, due, file, served, trusted, reason } = (await status()) as Values
    assert.deepEqual([action, due], ['none', false])
    assert.deepEqual(file, served)
    assert.match(String((trusted as string[])[0]), /^CN=Former CA until /)
    assert.match(String(reason), /^valid until .*its CA is not in hand$/)
  })

  it('shows no password: not in results, not in scripts', async () => {
    const shown = [JSON.stringify(await status()), ...host.scripts]
    const { decision } = await run(transportCertificate, { common_name: 'es1', force: true, ...own() })
    shown.push(JSON.stringify(decision), ...host.scripts)
    for (const text of shown) assert.ok(!text.includes(password))
  })

  it('renews: path, password, trust, owner and mode of the file stay, and the second time there is nothing to do', async () => {
    const path = host.path('conf/elastic-certificates.p12')
    const before = await files()
    assert.equal((await status({ ...own(), renew_before_days: 400 }))['action' as never], 'issue')
    const given = { common_name: 'es1', known_as: ['es1', '127.10.0.1'], ...own() }
    const renewed = await run(transportCertificate, { ...given, renew_before_days: 301 })
    assert.match(summary(renewed.decision), /elastic-certificates\.p12: new certificate \(expires on .*\), valid until/)
    const after = await files()
    assert.notEqual(after.key.certificate.serialNumber, before.key.certificate.serialNumber)
    assert.deepEqual([after.key.certificate.subject, after.key.alias], ['CN=es1', 'instance'])
    assert.match(after.key.certificate.subjectAltName ?? '', /DNS:es1, .*IP Address:127\.10\.0\.1/)
    assert.deepEqual(await subjects(), ['CN=Former CA'])
    assert.equal(statSync(path).mode & 0o777, 0o640)
    assert.equal((await run(transportCertificate, { ...given, renew_before_days: 301 })).decision.kind, 'keep')
  })

  it('keeps the names that the certificate has, by which other nodes may know this one', async () => {
    const plain = await leafOf(former, 300, { dns: ['old.example.com', '*.es.lab'], addresses: ['192.0.2.7'] })
    write(writePkcs12({ alias: 'instance', ...plain, chain: [] }, new Secret(password), entries(former)))
    await run(transportCertificate, { common_name: 'es1', known_as: 'es1', force: true, ...own() })
    const { subjectAltName } = (await files()).key.certificate
    for (const name of ['DNS:es1', 'DNS:old.example.com', 'DNS:*.es.lab', 'IP Address:192.0.2.7'])
      assert.ok(subjectAltName?.includes(name))
  })

  it('takes for its chain only what has issued its certificate: CAs may have one name', async () => {
    const namesake = await newAuthority('Former CA')
    const leaf = await leafOf(former)
    write(writePkcs12({ alias: 'instance', ...leaf, chain: [] }, new Secret(password), entries(former, namesake)))
    assert.deepEqual(
      (await files()).key.chain.map((one) => one.fingerprint256),
      [former.certificate.fingerprint256],
    )
  })

  it('sees a file that was not read yet, and waits for it', async () => {
    await run(transportCertificate, { common_name: 'es1', force: true, ...own() })
    assert.equal((await status(own()))['action' as never], 'reload')
    const path = host.path('conf/elastic-certificates.p12')
    const waiting = await probe(reloadedTransport, { path, ...own() })
    assert.ok(!waiting.done && /certificate [0-9a-f]+ is served/.test(waiting.found))
    await reload()
    assert.equal((await probe(reloadedTransport, { path, ...own() })).done, true)
    assert.equal((await status(own()))['action' as never], 'none')
  })

  it('goes over to another CA, and each phase is over when the running node shows it', async () => {
    putNext()
    const path = host.path('conf/elastic-certificates.p12')
    const rotate = { rotate: true }
    const reached = async (phase: string) => (await probe(transportPhaseGate, { reached: phase, ...rotate })).done
    assert.equal(await reached('reissue'), false)
    await assert.rejects(
      run(transportCertificate, { common_name: 'es1', ...rotate }),
      /does not trust "CN=Next CA" yet/,
    )

    const trust = await run(transportTrust, { state: 'present', ...rotate })
    assert.match(summary(trust.decision), /trusts CN=Next CA too$/)
    assert.deepEqual(
      [await reached('reissue'), (await probe(reloadedTransport, { path, ...rotate })).done],
      [false, false],
    )
    await reload()
    assert.deepEqual(
      [await reached('reissue'), (await probe(reloadedTransport, { path, ...rotate })).done],
      [true, true],
    )
    await assert.rejects(
      run(transportTrust, { state: 'only', ...rotate }),
      /own certificate is not from "CN=Next CA" yet/,
    )

    await run(transportCertificate, { common_name: 'es1', ...rotate })
    assert.equal(await reached('drop'), false)
    await reload()
    assert.deepEqual([await reached('drop'), await reached('done')], [true, false])

    const drop = await run(transportTrust, { state: 'only', ...rotate })
    assert.match(summary(drop.decision), /trusts CN=Former CA no more$/)
    await reload()
    assert.equal(await reached('done'), true)
    assert.deepEqual(await subjects(), ['CN=Next CA'])
    for (const [module, more] of [
      [transportTrust, { state: 'present' }],
      [transportCertificate, { common_name: 'es1' }],
      [transportTrust, { state: 'only' }],
    ] as const) {
      assert.equal((await run(module, { ...rotate, ...more })).decision.kind, 'keep')
    }
  })

  it('is done with what is no longer trusted when the log says that the file was read', async () => {
    putNext()
    const rotate = { rotate: true }
    for (const state of ['present', 'only']) {
      await run(transportTrust, { state, ...rotate })
      if (state === 'present') await run(transportCertificate, { common_name: 'es1', ...rotate })
    }
    await reload()
    const path = host.path('conf/elastic-certificates.p12')
    const log = host.path('lab.log')
    const done = async () => (await probe(reloadedTransport, { path, logged: path, log_file: log, ...rotate })).done
    const line = (at: Date) => {
      const local = new Date(at.getTime() - at.getTimezoneOffset() * 60_000)
        .toISOString()
        .replace('.', ',')
        .slice(0, 23)
      const text = `updated 1 ssl contexts in 1ms for prefix names [] using file [${path}]`
      writeFileSync(log, `[${local}][INFO ][o.e.x.c.s.SSLConfigurationReloader] [es1] ${text}\n`, { flag: 'a' })
    }
    assert.equal(await done(), false)
    line(new Date(Date.now() - 3_600_000))
    assert.equal(await done(), false)
    line(new Date(Date.now() + 2000))
    assert.equal(await done(), true)
  })

  it('changes a truststore or a PEM file beside the key store, and that file alone', async () => {
    putNext()
    const kept = readFileSync(host.path('conf/elastic-certificates.p12'))
    write(writeTrustStore(entries(former), new Secret('other')), 'trust.p12')
    writeFileSync(host.path('conf/ca.crt'), former.certificate.toString())
    keystore({ [`${prefix}.keystore.secure_password`]: password, [`${prefix}.truststore.secure_password`]: 'other' })
    for (const setting of ['truststore.path: trust.p12', 'certificate_authorities: [ca.crt]']) {
      writeFileSync(host.path('conf/elasticsearch.yml'), yml.replace(/truststore.*/, setting))
      const { decision, result } = await run(transportTrust, { state: 'present', rotate: true })
      assert.equal(decision.kind, 'change')
      assert.equal(result['path'], host.path(`conf/${/trust\.p12|ca\.crt/.exec(setting)?.[0]}`))
      assert.deepEqual(await subjects(), ['CN=Former CA', 'CN=Next CA'])
    }
    assert.deepEqual(readFileSync(host.path('conf/elastic-certificates.p12')), kept)
  })

  it('says why it can change nothing, and touches nothing', async () => {
    const closedBy = async (change: () => void): Promise<string> => {
      change()
      const { kind, closed_reason: reason } = (await status()) as Values
      assert.equal(kind, 'closed')
      await assert.rejects(run(transportTrust, { rotate: true }), /cannot be changed while it runs/)
      await assert.rejects(run(transportCertificate, { common_name: 'es1', force: true }), /cannot be changed/)
      return String(reason)
    }
    assert.match(await closedBy(() => keystore({})), /the store ".*" cannot be opened: the password does not open/)
    const passwords = { [`${prefix}.keystore.secure_password`]: password }
    const ownKey = { ...passwords, [`${prefix}.keystore.secure_key_password`]: 'another' }
    assert.match(await closedBy(() => keystore(ownKey)), /the key in ".*" has a password of its own/)
    const { key } = await (keystore(passwords), files())
    const withoutTrust = writePkcs12({ ...key, chain: [former.certificate] }, new Secret(password))
    assert.match(await closedBy(() => write(withoutTrust)), /holds no trusted CA/)
    writeFileSync(host.path('conf/c.crt'), key.certificate.toString())
    const pair = `${prefix}.enabled: true\n${prefix}.certificate: c.crt\n${prefix}.key: c.key\n`
    assert.match(await closedBy(() => writeFileSync(host.path('conf/elasticsearch.yml'), pair)), /two PEM files/)
    const shown = (await status()) as { readonly file?: { readonly serial?: string } }
    assert.equal(shown.file?.serial, key.certificate.serialNumber.toLowerCase())
  })
})
