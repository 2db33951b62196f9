import assert from 'node:assert/strict'
import { chownSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { transportHandshake, type TransportHandshake } from '../../../src/elastic/transport-handshake.ts'
import { elasticsearchFacts } from '../../../src/modules/elasticsearch-facts.ts'
import { elasticsearchKeystore } from '../../../src/modules/elasticsearch-keystore.ts'
import { reloadedTransport } from '../../../src/modules/reloaded-transport.ts'
import { elasticsearchService } from '../../../src/modules/elasticsearch-service.ts'
import { issueAuthority, issueLeaf, type Authority, type Identity } from '../../../src/pki/issue.ts'
import { writePkcs12 } from '../../../src/pki/pkcs12.ts'
import { Secret } from '../../../src/secrets/secret.ts'
import { ArchiveHost } from '../../support/elasticsearch-archive.ts'
import { elasticsearchVersions } from '../../support/elasticsearch-distribution.ts'
import { needs } from '../../support/needs.ts'
import { inSteps } from '../../support/in-steps.ts'

const password = new Secret('transport Password-1')
const prefix = 'xpack.security.transport.ssl'
const yml = `cluster.name: transport
node.name: n1
http.port: 19200
transport.port: 19300
discovery.type: single-node
xpack.security.enabled: true
${prefix}.enabled: true
${prefix}.verification_mode: certificate
${prefix}.client_authentication: required
${prefix}.keystore.path: elastic-certificates.p12
${prefix}.truststore.path: elastic-certificates.p12
`

for (const version of elasticsearchVersions) {
  describe(`one p12 as keystore and truststore of the transport of Elasticsearch ${version}`, function () {
    this.timeout(180_000)
    inSteps(this)
    let host: ArchiveHost
    let former: Authority
    let next: Authority

    // Both CAs have the same name, as two of certutil have.
    const newAuthority = () => issueAuthority({ commonName: 'Transport CA', days: 30, keyBits: 2048, now: new Date() })
    const leafOf = (authority: Authority): Promise<Identity> =>
      issueLeaf(
        {
          commonName: 'n1',
          names: { dns: [], addresses: [] },
          days: 20,
          keyBits: 2048,
          usages: ['server', 'client'],
          now: new Date(),
        },
        authority,
      )

    const place = async (issuer: Authority, trusted: readonly Authority[], secret = password): Promise<Identity> => {
      const leaf = await leafOf(issuer)
      const entries = trusted.map(({ certificate }, index) => ({ alias: `ca-${index}`, certificate }))
      const store = writePkcs12({ alias: 'instance', ...leaf, chain: [issuer.certificate] }, secret, entries)
      writeFileSync(`${path()}.new`, store, { mode: 0o640 })
      chownSync(`${path()}.new`, statSync(host.conf).uid, statSync(host.conf).gid)
      renameSync(`${path()}.new`, path())
      return leaf
    }
    const path = () => join(host.conf, 'elastic-certificates.p12')

    /** In the node's keystore, which it reads at its start. */
    const setPasswords = (secret: Secret, more = {}) => {
      const names = [`${prefix}.keystore.secure_password`, `${prefix}.truststore.secure_password`]
      const set = { ...Object.fromEntries(names.map((name) => [name, secret])), ...more }
      return host.task(elasticsearchKeystore, { home: host.home, path_conf: host.conf, set })
    }

    const shake = (identity: Identity | undefined, ca: Authority): Promise<TransportHandshake> =>
      transportHandshake(host.reader, { host: '127.0.0.1', port: 19300, ca: ca.certificate.toString(), identity })

    /** Elasticsearch looks every five seconds. */
    const until = async (isDone: () => Promise<boolean>, found = () => ''): Promise<void> => {
      const deadline = Date.now() + 15_000
      while (!(await isDone())) {
        assert.ok(Date.now() < deadline, `the file was not read again: ${found()}`)
        await pause(250)
      }
    }

    before(async function () {
      needs(this, 'mvn')
      needs(this, 'unzip')
      host = new ArchiveHost()
      await host.install(version, yml)
      host.variables['elastic_password'] = new Secret('elasticpw')
      former = await newAuthority()
      next = await newAuthority()
      await host.task(elasticsearchFacts, { home: host.home })
      await setPasswords(password, { 'bootstrap.password': new Secret('elasticpw') })
    })

    after(async () => {
      if (host === undefined) return
      await host.task(elasticsearchService, { state: 'stopped', service: '', home: host.home }).catch(() => undefined)
      host.remove()
    })

    it('lets the node start and take a certificate of the CA in it, and no other', async () => {
      const own = await place(former, [former])
      const started = await host.task(elasticsearchService, { state: 'started' })
      assert.equal(started.kind, 'change', started.words)
      const accepted = await shake(await leafOf(former), former)
      assert.deepEqual([accepted.rejected, accepted.refused], [undefined, undefined])
      assert.equal(accepted.certificate?.serialNumber, own.certificate.serialNumber)
      const refused = await shake(await leafOf(next), former)
      assert.match(refused.refused ?? '', /certificate/)
      assert.equal(refused.certificate?.serialNumber, own.certificate.serialNumber)
      const anonymous = await shake(undefined, former)
      assert.ok(anonymous.refused !== undefined)
      assert.equal(anonymous.certificate?.serialNumber, own.certificate.serialNumber)
    })

    it('is read again by the running node: a second CA is trusted, a certificate of it served, the first CA dropped', async () => {
      await place(former, [former, next])
      await until(async () => (await shake(await leafOf(next), former)).refused === undefined)
      assert.equal((await shake(await leafOf(former), former)).refused, undefined)
      const renewed = await place(next, [former, next])
      await until(async () => {
        const { certificate } = await shake(await leafOf(next), next)
        return certificate?.serialNumber === renewed.certificate.serialNumber
      })
      const served = await shake(await leafOf(former), next)
      assert.deepEqual([served.rejected, served.refused], [undefined, undefined])
      await place(next, [next])
      await until(async () => (await shake(await leafOf(former), next)).refused !== undefined)
      const last = await shake(await leafOf(next), next)
      assert.deepEqual([last.rejected, last.refused], [undefined, undefined])
    })

    it('is told apart when the running node cannot read it, and lets the node start that has its password', async () => {
      const other = new Secret('another Password-2')
      const leaf = await place(next, [next], other)
      await setPasswords(other)
      const given = { path_conf: host.conf, dir: host.path('pki'), host: '127.0.0.1', port: 19300, path: path() }
      const { decision } = await host.run(reloadedTransport, given)
      assert.ok(decision.kind === 'wait')
      let found = ''
      await until(
        async () => {
          const { message = '' } = (await decision.explain?.(host.look)) ?? {}
          found = message
          return /goes on with the old certificate: (?:the|a stored) password (?:.* )?does not open/.test(message)
        },
        () => found,
      )
      assert.equal((await decision.probe(host.look)).done, false)
      await host.task(elasticsearchService, { state: 'restarted', service: '', home: host.home })
      assert.equal((await decision.probe(host.look)).done, true)
      assert.equal((await shake(leaf, next)).refused, undefined)
    })
  })
}
