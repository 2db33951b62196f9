import assert from 'node:assert/strict'
import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { connect, createServer } from 'node:tls'
import { InputError } from '../../src/errors.ts'
import { encodeDer } from '../../src/pki/der.ts'
import { certificateFields, certificateNames, mayIssue, serialNumber } from '../../src/pki/certificate-fields.ts'
import { issueAuthority, issueLeaf, type Authority } from '../../src/pki/issue.ts'
import { keyToPem } from '../../src/pki/pem.ts'
import { PkiError } from '../../src/pki/pki-error.ts'
import { openAuthority } from '../../src/pki/authority.ts'
import { needs } from '../support/needs.ts'
import { daysAfter, inFolder, leafRequest, now, testAuthority, testLeaf, tool } from '../support/test-ca.ts'

describe('issueAuthority', () => {
  it('makes a self-signed CA that may issue', async () => {
    const { certificate } = await testAuthority()
    assert.ok(certificate.ca)
    assert.ok(mayIssue(certificate))
    assert.ok(certificate.verify(certificate.publicKey))
    assert.ok(certificate.checkIssued(certificate))
    assert.equal(certificate.subject, 'CN=Test CA')
  })

  it('refuses short keys', async () => {
    const short = issueAuthority({ commonName: 'x', days: 1, keyBits: 1024, now })
    await assert.rejects(short, { name: 'PkiError', message: 'An RSA key of 1024 bits is too short' })
  })

  it('writes years from 2050 on', async () => {
    const { certificate } = await issueAuthority({ commonName: 'x', days: 36_500, keyBits: 2048, now })
    assert.equal(certificate.validToDate.getUTCFullYear(), 2127)
  })
})

describe('issueLeaf', () => {
  it('makes what the request says, ten minutes back', async () => {
    const { certificate, key } = await testLeaf()
    const { certificate: ca } = await testAuthority()
    assert.deepEqual(certificateNames(certificate), leafRequest.names)
    assert.ok(certificate.checkIssued(ca))
    assert.ok(certificate.verify(ca.publicKey))
    assert.ok(certificate.checkPrivateKey(key))
    assert.equal(certificate.ca, false)
    assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.1'])
    assert.deepEqual(certificate.validFromDate, new Date('2027-03-01T11:50:00Z'))
    assert.deepEqual(certificate.validToDate, daysAfter(now, 365))
  })

  it('adds client authentication when asked', async () => {
    const { certificate } = await testLeaf({ usages: ['server', 'client'] })
    assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'])
  })

  it('never outlives its CA', async () => {
    const { certificate } = await testLeaf({ days: 5000 })
    assert.deepEqual(certificate.validToDate, (await testAuthority()).certificate.validToDate)
  })

  it('has a positive random serial of at most 159 bits', async () => {
    const serials = await Promise.all(Array.from({ length: 5 }, async () => (await testLeaf()).certificate))
    for (const certificate of serials) assert.match(serialNumber(certificate), /^[4-7][0-9a-f]{39}$/)
    assert.equal(new Set(serials.map(serialNumber)).size, 5)
  })

  it('refuses names that are none, all at once', async () => {
    const refused = testLeaf({ names: { dns: ['a b'], addresses: ['x'] } })
    await assert.rejects(refused, (error) => error instanceof InputError && error.problems.length === 2)
  })

  it('notices a CA key that is another one', async () => {
    const { certificate } = await testAuthority()
    const other: Authority = {
      certificate,
      key: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
      chain: [],
    }
    await assert.rejects(testLeaf({}, other), { message: 'The private key of the CA does not match its certificate' })
  })

  it('says what to do about a CA key that cannot sign here', async () => {
    const { certificate } = await testAuthority()
    const { privateKey: key } = generateKeyPairSync('ed25519')
    await assert.rejects(testLeaf({}, { certificate, key, chain: [] }), (error) => {
      assert.ok(error instanceof PkiError)
      assert.equal(error.message, 'Cannot sign with a CA key of type "ed25519"')
      assert.match(error.hint ?? '', /RSA/)
      return true
    })
  })

  it('is accepted by OpenSSL in strict mode, by name and by address', async function () {
    needs(this, 'openssl')
    await inFolder(async (folder) => {
      const authority = await issueAuthority({ commonName: 'Strict CA', days: 10, keyBits: 2048, now: new Date() })
      const leaf = await issueLeaf({ ...leafRequest, days: 5, now: new Date() }, authority)
      await writeFile(join(folder, 'ca.pem'), authority.certificate.toString())
      await writeFile(join(folder, 'leaf.pem'), leaf.certificate.toString())
      const files = ['-CAfile', join(folder, 'ca.pem'), join(folder, 'leaf.pem')]
      for (const check of [
        ['-verify_hostname', 'es1.lab'],
        ['-verify_ip', '127.0.0.1'],
        ['-verify_ip', '::1'],
      ]) {
        const said = await tool('openssl', ['verify', '-x509_strict', '-purpose', 'sslserver', ...check, ...files])
        assert.match(said, /: OK\n$/)
      }
      const shown = await tool('openssl', ['x509', '-in', join(folder, 'leaf.pem'), '-noout', '-text'])
      assert.match(shown, /Key Usage: critical\s+Digital Signature, Key Encipherment\n/)
      assert.match(shown, /Subject Key Identifier:/)
      assert.match(shown, /Authority Key Identifier:/)
      assert.match(shown, /Basic Constraints: \n\s+CA:FALSE/)
    })
  })

  it('signs with an EC CA made by OpenSSL, and repeats its subject byte for byte', async function () {
    needs(this, 'openssl')
    await inFolder(async (folder) => {
      const at = (name: string) => join(folder, name)
      const subject = ['-subj', '/C=DE/O=Lab Ä/CN=EC CA', '-utf8']
      const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384', '-nodes', '-keyout', at('ca.key')]
      await tool('openssl', ['req', '-x509', '-days', '30', ...key, ...subject, '-out', at('ca.crt')])
      const content = Buffer.from(await tool('cat', [at('ca.crt'), at('ca.key')]), 'latin1')
      const authority = openAuthority({ path: at('ca.pem'), content }, new Date())
      const { certificate } = await issueLeaf({ ...leafRequest, days: 5, now: new Date() }, authority)
      assert.ok(certificate.verify(authority.certificate.publicKey))
      const issuer = certificateFields(authority.certificate).subject
      assert.ok(certificate.raw.includes(encodeDer(issuer)))
      await writeFile(at('leaf.pem'), certificate.toString())
      const said = await tool('openssl', ['verify', '-CAfile', at('ca.crt'), at('leaf.pem')])
      assert.match(said, /: OK\n$/)
    })
  })

  it('serves TLS that a client verifies by its CA and its names', async () => {
    const authority = await issueAuthority({ commonName: 'TLS CA', days: 10, keyBits: 2048, now: new Date() })
    const leaf = await issueLeaf({ ...leafRequest, days: 5, now: new Date() }, authority)
    const server = createServer({ cert: leaf.certificate.toString(), key: keyToPem(leaf.key) }, (socket) =>
      socket.end(),
    )
    server.on('tlsClientError', () => undefined)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const handshake = async (servername: string | undefined, ca: X509Certificate) => {
      const socket = connect({ port, host: '127.0.0.1', ca: ca.toString(), ...(servername ? { servername } : {}) })
      await once(socket, 'secureConnect')
      const { serialNumber: served } = socket.getPeerCertificate()
      socket.destroy()
      return served
    }
    try {
      assert.equal(await handshake('es1.lab', authority.certificate), leaf.certificate.serialNumber)
      assert.equal(await handshake(undefined, authority.certificate), leaf.certificate.serialNumber)
      await assert.rejects(handshake('es2.lab', authority.certificate), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
      const other = (await testAuthority()).certificate
      await assert.rejects(handshake('es1.lab', other), { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' })
    } finally {
      server.close()
    }
  })
})
