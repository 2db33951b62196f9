import assert from 'node:assert/strict'
import type { X509Certificate } from 'node:crypto'
import { trustedCertificates, withIdentity, withTrust, type OpenTransport } from '../../src/elastic/transport-files.ts'
import { issueAuthority, type Authority } from '../../src/pki/issue.ts'
import { certificatesFromPem } from '../../src/pki/pem.ts'
import { certificateOf, readPkcs12 } from '../../src/pki/pkcs12.ts'
import { Secret } from '../../src/secrets/secret.ts'
import { now, testAuthority, testLeaf } from '../support/test-ca.ts'

const password = new Secret('store')

describe('the files of transport TLS', () => {
  let former: Authority
  let next: Authority
  let files: OpenTransport

  before(async () => {
    former = await testAuthority()
    next = await issueAuthority({ commonName: 'Test CA', days: 500, keyBits: 2048, now })
    const trusted = [{ alias: 'CA', certificate: former.certificate }]
    const leaf = await testLeaf()
    const key = { path: '/k.p12', password, alias: 'instance', ...leaf, chain: [former.certificate], trusted }
    files = { kind: 'open', key, trust: { kind: 'key store' } }
  })

  const trustedIn = (content: Buffer, secret = password) =>
    readPkcs12(content, secret)
      .certificates.filter((one) => one.isTrusted)
      .map(({ alias, certificate }) => [alias, certificate.serialNumber])
  const serials = (...all: readonly X509Certificate[]) => all.map((one) => one.serialNumber)

  it('trust in the key store changes nothing of the key, and keeps the names of what stays', () => {
    const { path, content } = withTrust(files, [former.certificate, next.certificate])
    const store = readPkcs12(content, password)
    const [key] = store.keys
    assert.ok(key !== undefined)
    assert.equal(path, '/k.p12')
    assert.ok(key.key.equals(files.key.key))
    assert.equal(key.alias, 'instance')
    assert.equal(certificateOf(store, key)?.serialNumber, files.key.certificate.serialNumber)
    // Java tells aliases apart without regard to case. The issuer of the certificate is last.
    const [one, other] = serials(next.certificate, former.certificate)
    assert.deepEqual(trustedIn(content), [
      ['ca-2', one],
      ['CA', other],
    ])
  })

  it('another certificate changes nothing of the trust', async () => {
    const leaf = await testLeaf({ commonName: 'es2' }, next)
    const content = withIdentity(files, leaf, [next.certificate])
    const store = readPkcs12(content, password)
    assert.deepEqual(trustedIn(content), [['CA', former.certificate.serialNumber]])
    assert.ok(store.keys[0]?.key.equals(leaf.key))
    const subjects = store.certificates.map((one) => one.certificate.serialNumber)
    assert.deepEqual(subjects.toSorted(), serials(leaf.certificate, next.certificate, former.certificate).toSorted())
  })

  it('a truststore of its own has its own password, and no key', () => {
    const secret = new Secret('other')
    const trust = { kind: 'store', path: '/t.p12', password: secret, trusted: files.key.trusted } as const
    const { path, content } = withTrust({ ...files, trust }, [next.certificate])
    assert.equal(path, '/t.p12')
    assert.deepEqual(readPkcs12(content, secret).keys, [])
    assert.deepEqual(trustedIn(content, secret), [['ca', next.certificate.serialNumber]])
  })

  it('a PEM file holds the certificates, in order', () => {
    const trust = { kind: 'pem', path: '/ca.crt', certificates: [former.certificate] } as const
    const pem = { ...files, trust }
    assert.deepEqual(serials(...trustedCertificates(pem)), serials(former.certificate))
    const wanted = [former.certificate, next.certificate]
    const { path, content } = withTrust(pem, wanted)
    assert.equal(path, '/ca.crt')
    assert.deepEqual(serials(...certificatesFromPem(content.toString(), 'ca.crt')), serials(...wanted))
  })
})
