import assert from 'node:assert/strict'
import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { certificateAuthority } from '../../src/modules/certificate-authority.ts'
import { keyFromPem } from '../../src/pki/pem.ts'
import { writePkcs12 } from '../../src/pki/pkcs12.ts'
import { Secret } from '../../src/secrets/secret.ts'
import { decideHere, filesIn, opened, reasonOf, runHere, testVault } from '../support/controller-task.ts'
import { daysAfter, inFolder, now, testAuthority, testLeaf } from '../support/test-ca.ts'

describe('certificate_authority', () => {
  it('makes a CA once: certificate readable, key vaulted', () =>
    inFolder(async (folder) => {
      const dir = join(folder, 'pki')
      const made = await runHere(certificateAuthority, { dir, days: '3650' }, now)
      assert.equal(reasonOf(made), 'make CA "CN=Elasticsearch HTTP CA", valid until 2037-02-26')
      assert.deepEqual(await filesIn(dir), ['ca', 'ca/http-ca.crt', 'ca/http-ca.key'])
      assert.match(await readFile(join(dir, 'ca/http-ca.crt'), 'utf8'), /^-----BEGIN CERTIFICATE-----\n/)
      assert.match(await readFile(join(dir, 'ca/http-ca.key'), 'utf8'), /^\$ANSIBLE_VAULT;/)
      assert.equal((await stat(join(dir, 'ca/http-ca.key'))).mode & 0o777, 0o600)
      assert.equal((await stat(join(dir, 'ca/http-ca.crt'))).mode & 0o777, 0o644)
      keyFromPem((await opened(join(dir, 'ca/http-ca.key'))).reveal(), undefined, 'http-ca.key')
      const again = await runHere(certificateAuthority, { dir }, now)
      assert.equal(again.kind, 'keep')
      assert.equal(reasonOf(again), 'CA "CN=Elasticsearch HTTP CA" is valid until 2037-02-26')
      assert.deepEqual(again.result, made.result)
    }))

  it('changes nothing by deciding', () =>
    inFolder(async (folder) => {
      assert.equal((await decideHere(certificateAuthority, { dir: join(folder, 'pki') }, now)).kind, 'change')
      assert.deepEqual(await filesIn(folder), [])
    }))

  it('says that it ends before the certificates would', () =>
    inFolder(async (dir) => {
      await runHere(certificateAuthority, { dir, days: 100 }, now)
      const kept = await runHere(certificateAuthority, { dir, certificate_days: 365 }, now)
      assert.match(reasonOf(kept), /; The CA expires on 2027-06-09, before a certificate of 365 days would/)
      assert.equal((kept.result?.['warnings'] as string[]).length, 1)
    }))

  it("takes a CA of one's own and leaves its key where it is", () =>
    inFolder(async (folder) => {
      const dir = join(folder, 'pki')
      const authority = await testAuthority()
      await writeFile(join(folder, 'stack-ca.p12'), writePkcs12({ alias: 'ca', ...authority }, new Secret('capw')))
      const values = { dir, own_ca_path: 'stack-ca.p12', own_ca_password: new Secret('capw') }
      const taken = await runHere(certificateAuthority, values, now)
      assert.equal(reasonOf(taken), 'take CA "CN=Test CA", valid until 2029-11-25')
      assert.deepEqual(await filesIn(dir), ['ca', 'ca/http-ca.crt'])
      assert.equal((await runHere(certificateAuthority, values, now)).kind, 'keep')
      await assert.rejects(decideHere(certificateAuthority, { dir }, now), {
        name: 'PkiError',
        message: `The private key of the CA "${dir}/ca/http-ca.key" is missing`,
      })
    }))

  it("opens a vaulted store of one's own", () =>
    inFolder(async (dir) => {
      const store = writePkcs12({ alias: 'ca', ...(await testAuthority()) }, new Secret('capw'))
      const path = join(dir, 'stack-ca.p12')
      await writeFile(path, testVault.encrypt(new Secret(store)))
      const decision = await decideHere(certificateAuthority, { dir, own_ca_path: path, own_ca_password: 'capw' }, now)
      assert.equal(decision.result?.['subject'], 'CN=Test CA')
    }))

  it('does not take another CA in place of the one that clients trust', () =>
    inFolder(async (dir) => {
      await runHere(certificateAuthority, { dir }, now)
      const path = join(dir, 'own.p12')
      await writeFile(path, writePkcs12({ alias: 'ca', ...(await testAuthority()) }, new Secret('capw')))
      await assert.rejects(decideHere(certificateAuthority, { dir, own_ca_path: path, own_ca_password: 'capw' }, now), {
        message: 'The CA given, "CN=Test CA", is not the one of the store, "CN=Elasticsearch HTTP CA"',
        hint: /rotate-ca\.yml/,
      })
    }))

  it('keeps the current CA while it is rotated to the one given', () =>
    inFolder(async (dir) => {
      await runHere(certificateAuthority, { dir }, now)
      const path = join(dir, 'own.p12')
      await writeFile(path, writePkcs12({ alias: 'ca', ...(await testAuthority()) }, new Secret('capw')))
      const own = { own_ca_path: path, own_ca_password: 'capw' }
      const taken = await runHere(certificateAuthority, { dir, name: 'http-ca-next', ...own }, now)
      assert.equal(reasonOf(taken), 'take CA "CN=Test CA", valid until 2029-11-25')
      const kept = await runHere(certificateAuthority, { dir, ...own }, now)
      assert.equal(reasonOf(kept), 'CA "CN=Elasticsearch HTTP CA" is valid until 2032-02-28')
    }))

  it('makes a CA to come anew whose making was cut off', () =>
    inFolder(async (dir) => {
      await runHere(certificateAuthority, { dir, name: 'http-ca-next' }, now)
      await rm(join(dir, 'ca/http-ca-next.crt'))
      assert.equal((await runHere(certificateAuthority, { dir, name: 'http-ca-next' }, now)).kind, 'change')
      assert.equal((await runHere(certificateAuthority, { dir, name: 'http-ca-next' }, now)).kind, 'keep')
    }))

  it('refuses what is missing, expired or no CA, and changes nothing', () =>
    inFolder(async (folder) => {
      const dir = join(folder, 'pki')
      const refused = (values: Record<string, unknown>, at: Date, message: RegExp) =>
        assert.rejects(decideHere(certificateAuthority, { dir, ...values }, at), { message })
      await refused({ own_ca_path: '/no/ca.p12' }, now, /^The CA file "\/no\/ca.p12" does not exist$/)
      const leaf = writePkcs12({ alias: 'http', ...(await testLeaf()), chain: [] }, new Secret('capw'))
      await writeFile(join(folder, 'leaf.p12'), leaf)
      await refused({ own_ca_path: 'leaf.p12', own_ca_password: 'capw' }, now, /is no CA and cannot issue others$/)
      await refused({ own_ca_path: 'leaf.p12', own_ca_password: 'no' }, now, /: the password does not open/)
      await refused({ name: '../x' }, now, /cannot be a name in the PKI store/)
      assert.deepEqual(await filesIn(folder), ['leaf.p12'])
      await runHere(certificateAuthority, { dir, days: 10 }, now)
      await refused({}, daysAfter(now, 11), /expired on 2027-03-11$/)
      await rm(join(dir, 'ca/http-ca.crt'))
      await refused({}, now, /^The certificate of the CA ".*http-ca.crt" is missing/)
    }))
})
