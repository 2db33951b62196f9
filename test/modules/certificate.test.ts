import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { InputError } from '../../src/errors.ts'
import { forecastEffect } from '../../src/engine/effects/effect-kinds.ts'
import { parseArguments } from '../../src/modules/arguments.ts'
import { caBundle } from '../../src/modules/ca-bundle.ts'
import { certificateAuthority } from '../../src/modules/certificate-authority.ts'
import { certificate } from '../../src/modules/certificate.ts'
import type { Decision, Module } from '../../src/modules/module.ts'
import { storedPassword } from '../../src/modules/stored-password.ts'
import { issueAuthority } from '../../src/pki/issue.ts'
import { certificatesFromPem, keyToPem } from '../../src/pki/pem.ts'
import { readPkcs12, writePkcs12 } from '../../src/pki/pkcs12.ts'
import { SecretError } from '../../src/secrets/secret-error.ts'
import { Secret } from '../../src/secrets/secret.ts'
import { decideHere, filesIn, opened, reasonOf, runHere, testVault } from '../support/controller-task.ts'
import { LocalHost } from '../support/local-host.ts'
import { daysAfter, inFolder, now, testAuthority, testLeaf } from '../support/test-ca.ts'

const password = new Secret('p12 password')

describe('certificate', () => {
  /** A store with a CA of 1,000 days in it. */
  function inStore(use: (dir: string) => Promise<void>): () => Promise<void> {
    return () =>
      inFolder(async (folder) => {
        const dir = join(folder, 'pki')
        await runHere(certificateAuthority, { dir, days: 1000 }, now)
        await use(dir)
      })
  }

  const values = (dir: string, more: Record<string, unknown> = {}) => ({
    dir,
    node: 'es1',
    known_as: ['es1', '10.0.0.1', 'Node One'],
    names: ['search.example.com'],
    days: '365',
    p12_password: password,
    ...more,
  })

  const run = (dir: string, more: Record<string, unknown> = {}, at = now): Promise<Decision> =>
    runHere(certificate, values(dir, more), at)

  it(
    'issues into the store: certificate readable, PKCS#12 vaulted',
    inStore(async (dir) => {
      const issued = await run(dir)
      assert.equal(reasonOf(issued), 'issue a certificate (missing), valid until 2028-02-29')
      assert.deepEqual(await filesIn(join(dir, 'es1')), ['http.crt', 'http.p12'])
      assert.equal((await stat(join(dir, 'es1/http.p12'))).mode & 0o777, 0o600)
      assert.match(await readFile(join(dir, 'es1/http.p12'), 'utf8'), /^\$ANSIBLE_VAULT;/)
      const [leaf] = certificatesFromPem(await readFile(join(dir, 'es1/http.crt'), 'utf8'), 'http.crt')
      const store = readPkcs12((await opened(join(dir, 'es1/http.p12'))).revealBytes(), password)
      assert.ok(leaf?.checkPrivateKey(store.keys[0]!.key))
      assert.equal(store.keys[0]?.alias, 'http')
      assert.equal(store.certificates.length, 2)
      assert.deepEqual(issued.result, {
        serial: leaf?.serialNumber.toLowerCase(),
        fingerprint: leaf?.fingerprint256.replaceAll(':', '').toLowerCase(),
        not_after: '2028-02-29T12:00:00.000Z',
        names: ['es1', 'search.example.com', 'localhost'],
        addresses: ['10.0.0.1', '127.0.0.1', '::1'],
        p12: join(dir, 'es1/http.p12'),
        crt: join(dir, 'es1/http.crt'),
        reason: 'missing',
      })
    }),
  )

  it(
    'keeps it the second time, and says until when',
    inStore(async (dir) => {
      const issued = await run(dir)
      const kept = await run(dir)
      assert.equal(kept.kind, 'keep')
      assert.equal(reasonOf(kept), 'valid until 2028-02-29, renewal starts 2027-10-30')
      assert.equal(kept.result?.['serial'], issued.result?.['serial'])
    }),
  )

  it(
    'says the same before and in a run, and shows no secret',
    inStore(async (dir) => {
      const checked = await decideHere(certificate, values(dir), now)
      assert.deepEqual(await filesIn(dir), ['ca', 'ca/http-ca.crt', 'ca/http-ca.key'])
      const done = await run(dir)
      assert.ok(checked.kind === 'change' && done.kind === 'change')
      assert.equal(checked.change.summary, done.change.summary)
      assert.deepEqual(checked.change.diff, done.change.diff)
      assert.match(done.change.diff?.after ?? '', /^name: search\.example\.com$/m)
      const key = readPkcs12((await opened(join(dir, 'es1/http.p12'))).revealBytes(), password).keys[0]!.key
      const shown = JSON.stringify(done)
      const contents = done.change.effects.map((effect) =>
        effect.kind === 'write-file' && Buffer.isBuffer(effect.content) ? effect.content.toString() : '',
      )
      for (const text of [shown, ...contents]) {
        assert.ok(!text.includes(password.reveal()))
        assert.ok(!text.includes(keyToPem(key).split('\n')[1]!))
      }
    }),
  )

  it(
    'issues anew for each reason, once',
    inStore(async (dir) => {
      await run(dir)
      const reissued = async (more: Record<string, unknown>, reason: string, at = now) => {
        const decision = await run(dir, more, at)
        assert.equal(decision.result?.['reason'], reason)
        assert.equal(decision.kind, 'change')
        if (!('force' in more)) assert.equal((await run(dir, more, at)).kind, 'keep')
      }
      await reissued(
        { names: 'a.example, b.example' },
        'names changed: a.example, b.example added; search.example.com removed',
      )
      await reissued({}, 'names changed: search.example.com added; a.example, b.example removed')
      await reissued({ usages: ['server', 'client'] }, 'usage changed: client missing')
      await reissued({ force: 'true' }, 'forced')
      const other = { p12_password: new Secret('another one') }
      await reissued(other, 'unreadable: http.p12: The password does not open the PKCS#12 store')
      await reissued({}, 'unreadable: http.p12: The password does not open the PKCS#12 store')
      await writeFile(join(dir, 'es1/http.crt'), 'nonsense')
      await reissued({}, 'unreadable: no certificate in http.crt')
      await writeFile(join(dir, 'es1/http.crt'), '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n')
      await reissued({}, 'unreadable: A certificate in "http.crt" cannot be read')
      const stranger = await testLeaf()
      await writeFile(join(dir, 'es1/http.crt'), stranger.certificate.toString())
      const { subject } = (await runHere(certificateAuthority, { dir }, now)).result as { subject: string }
      await reissued({}, `not from this CA (${subject})`)
      const store = writePkcs12({ alias: 'http', ...stranger, chain: [] }, password)
      await writeFile(join(dir, 'es1/http.p12'), testVault.encrypt(new Secret(store)))
      await reissued({}, 'the private key does not match the certificate')
      await reissued({}, 'expires on 2028-02-29', daysAfter(now, 300))
      await reissued({ renew_before_days: 30 }, 'expires on 2028-12-25', daysAfter(now, 650))
    }),
  )

  it(
    'ends with its CA, says so, and is not issued again and again for it',
    inStore(async (dir) => {
      const issued = await run(dir, { days: 5000 })
      assert.equal(issued.result?.['not_after'], daysAfter(now, 1000).toISOString())
      assert.match((issued.result?.['warnings'] as string[])[0] ?? '', /^The CA expires on 2029-11-25/)
      assert.equal((await run(dir, { days: 5000 }, daysAfter(now, 990))).kind, 'keep')
    }),
  )

  it('signs with the key of an own CA, and asks for it only when it signs', () =>
    inFolder(async (dir) => {
      const authority = await testAuthority()
      const own = { own_ca_path: join(dir, 'ca.crt'), own_ca_key_path: join(dir, 'ca.key') }
      await writeFile(own.own_ca_path, authority.certificate.toString())
      await writeFile(own.own_ca_key_path, keyToPem(authority.key))
      await runHere(certificateAuthority, { dir, ...own }, now)
      await assert.rejects(run(dir), { message: /^The private key of the CA ".*" is missing$/ })
      assert.equal((await run(dir, own)).kind, 'change')
      assert.equal((await run(dir)).kind, 'keep')
      const other = await issueAuthority({ commonName: 'Other CA', days: 1000, keyBits: 2048, now })
      await writeFile(own.own_ca_path, other.certificate.toString())
      await writeFile(own.own_ca_key_path, keyToPem(other.key))
      await assert.rejects(run(dir, { ...own, force: true }), { message: /^The CA given is not the one in / })
    }))

  it(
    'refuses names that are none, all at once',
    inStore(async (dir) => {
      const refused = run(dir, { names: ['a b'], addresses: ['es1'], node: '../x' })
      await assert.rejects(refused, (error) => error instanceof InputError && error.problems.length === 3)
    }),
  )

  it(
    'refuses what cannot work',
    inStore(async (dir) => {
      await assert.rejects(run(dir, { p12_password: new Secret('pässword') }), { message: /must be printable ASCII/ })
      await assert.rejects(run(dir, { renew_before_days: 365 }), { message: /due for renewal as soon as it is issued/ })
      await assert.rejects(run(dir, { usages: ['mail'] }), { message: '"mail" is no usage' })
      await assert.rejects(run(dir, { ca: 'other' }), { message: /^There is no CA ".*other\.crt"$/ })
      await assert.rejects(run(dir, { key_bits: 1024 }), { message: /too short/ })
      await assert.rejects(run(dir, {}, daysAfter(now, 1001)), { message: /expired on 2029-11-25/ })
    }),
  )

  it(
    'does not take a wrong vault password for a reason',
    inStore(async (dir) => {
      await run(dir)
      const path = join(dir, 'es1/http.p12')
      await writeFile(
        path,
        (await readFile(path, 'utf8')).replace(/\n(\d)/, (_, digit) => `\n${digit === '3' ? '6' : '3'}`),
      )
      await assert.rejects(run(dir), SecretError)
    }),
  )

  it(
    'is renewed by the CA that it is from while the CA is rotated',
    inStore(async (dir) => {
      const made = await runHere(certificateAuthority, { dir, name: 'http-ca-next' }, now)
      assert.equal(made.kind, 'change')
      const issuer = async () => {
        const leaf = new X509Certificate(await readFile(join(dir, 'es1/http.crt')))
        const [next] = certificatesFromPem(await readFile(join(dir, 'ca/http-ca-next.crt'), 'utf8'), 'next')
        return leaf.verify(next!.publicKey) ? 'next' : 'current'
      }
      await run(dir)
      assert.equal(await issuer(), 'current')
      await run(dir, { force: true })
      assert.equal(await issuer(), 'current')
      const moved = await run(dir, { ca: 'http-ca-next' })
      assert.match(reasonOf(moved), /^issue a certificate \(not from this CA/)
      assert.equal(await issuer(), 'next')
      assert.equal((await run(dir)).kind, 'keep')
      assert.equal((await run(dir, { ca: 'http-ca-next' })).kind, 'keep')
      await run(dir, { force: true })
      assert.equal(await issuer(), 'next')
    }),
  )

  it('is signed by the stored CA while that is rotated to one of the user', () =>
    inFolder(async (dir) => {
      await runHere(certificateAuthority, { dir }, now)
      const store = writePkcs12({ alias: 'ca', ...(await testAuthority()) }, new Secret('capw'))
      await writeFile(join(dir, 'own.p12'), store)
      const own = { own_ca_path: join(dir, 'own.p12'), own_ca_password: 'capw' }
      await assert.rejects(run(dir, own), /The CA given is not the one/)
      await runHere(certificateAuthority, { dir, name: 'http-ca-next', ...own }, now)
      await run(dir, own)
      const leaf = new X509Certificate(await readFile(join(dir, 'es1/http.crt')))
      assert.equal(leaf.issuer, 'CN=Elasticsearch HTTP CA')
      await run(dir, { ...own, ca: 'http-ca-next' })
      assert.equal(new X509Certificate(await readFile(join(dir, 'es1/http.crt'))).issuer, 'CN=Test CA')
    }))

  it(
    'is renewed before a given day, which a new one must outlive',
    inStore(async (dir) => {
      await run(dir)
      assert.equal((await run(dir, { renew_before: '2028-02-29' })).kind, 'keep')
      const late = daysAfter(now, 30)
      assert.match(reasonOf(await run(dir, { renew_before: '2028-03-01' }, late)), /expires on 2028-02-29/)
      await assert.rejects(run(dir, { renew_before: '2028-04-30' }), /would end before 2028-04-30 too/)
      for (const day of ['2028-02-30', '1.3.2028', 'soon', '2028-02']) {
        await assert.rejects(run(dir, { renew_before: day }), /must be a day such as 2027-03-01/)
      }
    }),
  )

  it('in check mode is issued from the CA and under the password that earlier tasks would make', async () => {
    const host = new LocalHost({ check: true })
    try {
      const dir = host.path('pki')
      const check = async <Args, State>(module: Module<Args, State>, more: Record<string, unknown>) => {
        const args = parseArguments(module as Module, more) as Args
        const look = { ...host.look, vault: testVault }
        const context = { ...host.context, vault: testVault }
        const decision = module.decide(await module.inspect(look, args), args, context)
        const { forecast, reader, clock } = host
        assert.ok(forecast !== undefined)
        const effects = decision.kind === 'change' ? decision.change.effects : []
        for (const effect of effects) await forecastEffect(effect, { reader, forecast, clock })
        return decision
      }
      const made = await check(storedPassword, { path: join(dir, 'http-p12-password') })
      const authority = await check(certificateAuthority, { dir })
      const more = { p12_password: made.result?.['value'] }
      assert.equal((await check(certificate, values(dir, more))).result?.['reason'], 'missing')
      assert.equal((await check(certificate, values(dir, more))).kind, 'keep')
      const bundle = { certificates: [authority.result?.['ca_pem']], dest: join(dir, 'elasticsearch-ca.pem') }
      assert.equal((await check(caBundle, bundle)).kind, 'change')
      assert.equal((await check(caBundle, bundle)).kind, 'keep')
      assert.deepEqual(await filesIn(host.folder), [])
    } finally {
      host.remove()
    }
  })
})
