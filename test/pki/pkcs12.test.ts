import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import forge from 'node-forge'
import { issueAuthority, type Identity } from '../../src/pki/issue.ts'
import { keyToPem } from '../../src/pki/pem.ts'
import {
  certificateOf,
  readPkcs12,
  writePkcs12,
  writeTrustStore,
  type KeyEntry,
  type TrustedEntry,
} from '../../src/pki/pkcs12.ts'
import { PkiError } from '../../src/pki/pki-error.ts'
import { Secret } from '../../src/secrets/secret.ts'
import { findJdk } from '../support/elasticsearch-distribution.ts'
import { needs, skipFor } from '../support/needs.ts'
import { inFolder, testAuthority, testLeaf, tool, toolMessages } from '../support/test-ca.ts'

const password = new Secret('p12 Password-1')

describe('writePkcs12', () => {
  let leaf: Identity
  let entry: KeyEntry

  before(async () => {
    leaf = await testLeaf()
    entry = { alias: 'http', ...leaf, chain: [(await testAuthority()).certificate] }
  })

  it('is read back with key, certificate, chain and alias', () => {
    const store = readPkcs12(writePkcs12(entry, password), password)
    const [key] = store.keys
    assert.ok(key !== undefined)
    assert.equal(key.alias, 'http')
    assert.ok(key.key.equals(leaf.key))
    assert.deepEqual(certificateOf(store, key)?.raw, leaf.certificate.raw)
    assert.deepEqual(
      store.certificates.map((one) => [one.alias, one.certificate.subject]),
      [
        ['http', 'CN=es1'],
        [undefined, 'CN=Test CA'],
      ],
    )
  })

  it("refuses a key that is not the certificate's", () => {
    const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
    assert.throws(() => writePkcs12({ ...entry, key }, password), {
      name: 'PkiError',
      message: 'The private key of "http" does not match its certificate',
    })
  })

  it('opens with any password, and with that one only', () => {
    const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constantFrom('', 'ä', '密码😀', '\'"$`\\'))
    fc.assert(
      fc.property(text, text, (right, wrong) => {
        const store = writePkcs12(entry, new Secret(right))
        assert.ok(readPkcs12(store, new Secret(right)).keys[0]?.key.equals(leaf.key))
        fc.pre(Buffer.from(right).toString() !== Buffer.from(wrong).toString())
        assert.throws(() => readPkcs12(store, new Secret(wrong)), {
          message: 'The password does not open the PKCS#12 store',
        })
      }),
      { numRuns: 8 },
    )
  })

  it('is opened by node-forge, as Kibana does', () => {
    const der = forge.util.createBuffer(writePkcs12(entry, password).toString('latin1'))
    const store = forge.pkcs12.pkcs12FromAsn1(forge.asn1.fromDer(der), true, password.reveal())
    const bagType = forge.pki.oids['pkcs8ShroudedKeyBag'] ?? ''
    const [bag] = store.getBags({ bagType })[bagType] ?? []
    assert.deepEqual((bag?.attributes as Record<string, unknown>)['friendlyName'], ['http'])
    assert.ok(bag?.key !== undefined && bag.key !== null)
    assert.equal(forge.pki.privateKeyToPem(bag.key).includes('RSA PRIVATE KEY'), true)
    assert.equal(store.getBags({ friendlyName: 'http' }).friendlyName?.length, 2)
  })

  it('is opened by OpenSSL and made of AES-256 and SHA-256 throughout', async function () {
    needs(this, 'openssl')
    await inFolder(async (folder) => {
      const file = join(folder, 'http.p12')
      await writeFile(file, writePkcs12(entry, password))
      const words = [
        'pkcs12',
        '-in',
        file,
        '-passin',
        `pass:${password.reveal()}`,
        '-nodes',
        '-out',
        join(folder, 'all.pem'),
      ]
      await tool('openssl', words)
      const pem = await readFile(join(folder, 'all.pem'), 'utf8')
      assert.ok(pem.includes(leaf.certificate.toString().trim()))
      assert.ok(pem.includes('friendlyName: http'))
      const stderr = await toolMessages('openssl', [
        'pkcs12',
        '-info',
        '-noout',
        '-in',
        file,
        '-passin',
        `pass:${password.reveal()}`,
      ])
      const pbes2 = 'PBES2, PBKDF2, AES-256-CBC, Iteration 10000, PRF hmacWithSHA256'
      assert.match(stderr, /^MAC: sha256, Iteration 10000$/m)
      assert.ok(stderr.includes(`Shrouded Keybag: ${pbes2}`))
      assert.ok(stderr.includes(`PKCS7 Encrypted data: ${pbes2}`))
    })
  })

  for (const major of [17, 25]) {
    it(`is a key store of Java ${major}: one key, alias http, chain of two`, async function () {
      const jdk = findJdk(major)
      if (jdk === undefined) {
        skipFor(this, `needs a JDK ${major}`)
        return
      }
      this.timeout(60_000)
      await inFolder(async (folder) => {
        const file = join(folder, 'http.p12')
        await writeFile(file, writePkcs12(entry, password))
        const keytool = join(jdk, 'bin/keytool')
        const store = ['-keystore', file, '-storepass:env', 'PASSWORD']
        const environment = { PASSWORD: password.reveal() }
        const said = await tool(keytool, ['-list', '-v', ...store], environment)
        assert.match(said, /^Your keystore contains 1 entry$/m)
        assert.match(said, /^Alias name: http$/m)
        assert.match(said, /^Entry type: PrivateKeyEntry$/m)
        assert.match(said, /^Certificate chain length: 2$/m)
        // Signing a request proves that the private key opens too.
        const request = await tool(keytool, ['-certreq', '-alias', 'http', ...store], environment)
        assert.match(request, /BEGIN NEW CERTIFICATE REQUEST/)
      })
    })
  }
})

describe('trusted entries', () => {
  let entry: KeyEntry
  let trusted: readonly TrustedEntry[]

  before(async () => {
    const { certificate } = await testAuthority()
    entry = { alias: 'instance', ...(await testLeaf()), chain: [certificate] }
    // Of the same name, as two CAs of certutil are.
    const other = await issueAuthority({ commonName: 'Test CA', days: 10, keyBits: 2048, now: new Date() })
    trusted = [
      { alias: 'ca', certificate },
      { alias: 'Zweite ÄÖ', certificate: other.certificate },
    ]
  })

  const serial = ({ certificate }: Pick<TrustedEntry, 'certificate'>) => certificate.serialNumber.toLowerCase()
  const inStore = (bytes: Buffer, secret: Secret) =>
    readPkcs12(bytes, secret)
      .certificates.filter((one) => one.isTrusted)
      .map((one) => `${one.alias} ${one.certificate.serialNumber.toLowerCase()}`)
      .sort()

  it('are read back with their aliases, with a key and without, and nothing else is one', () => {
    const alias = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(fc.uniqueArray(alias, { minLength: 0, maxLength: 2 }), fc.string(), (aliases, text) => {
        const secret = new Secret(text)
        const entries = aliases.map((name, index) => ({ ...trusted[index]!, alias: name }))
        const expected = entries.map((one) => `${one.alias} ${serial(one)}`).sort()
        assert.deepEqual(inStore(writePkcs12(entry, secret, entries), secret), expected)
        assert.deepEqual(inStore(writeTrustStore(entries, secret), secret), expected)
      }),
      { numRuns: 8 },
    )
  })

  it('are not there twice where they are of the chain', () => {
    const store = readPkcs12(writePkcs12(entry, password, trusted), password)
    assert.equal(store.certificates.length, 3)
  })

  it('are known to OpenSSL by their attribute', async function () {
    needs(this, 'openssl')
    await inFolder(async (folder) => {
      const file = join(folder, 't.p12')
      await writeFile(file, writeTrustStore(trusted, password))
      const said = await tool('openssl', ['pkcs12', '-in', file, '-nokeys', '-passin', `pass:${password.reveal()}`])
      assert.equal(said.match(/^ *2\.16\.840\.1\.113894\.746875\.1\.1:/gm)?.length, 2)
      assert.equal(said.match(/BEGIN CERTIFICATE/g)?.length, 2)
    })
  })

  for (const major of [17, 25]) {
    it(`are trusted entries of Java ${major}, beside a key with the right CA in its chain`, async function () {
      const jdk = findJdk(major)
      if (jdk === undefined) {
        skipFor(this, `needs a JDK ${major}`)
        return
      }
      this.timeout(60_000)
      await inFolder(async (folder) => {
        const keytool = (file: string) =>
          tool(join(jdk, 'bin/keytool'), ['-list', '-v', '-keystore', file, '-storepass:env', 'PASSWORD'], {
            PASSWORD: password.reveal(),
          })
        const [both, alone] = [join(folder, 'both.p12'), join(folder, 'alone.p12')]
        await writeFile(both, writePkcs12(entry, password, trusted))
        await writeFile(alone, writeTrustStore(trusted, password))
        const said = await keytool(both)
        assert.equal(said.match(/^Entry type: trustedCertEntry$/gm)?.length, 2)
        const own = said.slice(said.indexOf('Entry type: PrivateKeyEntry'))
        assert.match(own, /^Certificate chain length: 2$/m)
        const chain = [...own.matchAll(/^Serial number: (\w+)$/gm)].slice(0, 2).map(([, found]) => found)
        assert.deepEqual(
          chain,
          [serial(entry), serial(trusted[0]!)].map((one) => one.replace(/^0+/, '')),
        )
        const entries = await keytool(alone)
        assert.match(entries, /^Your keystore contains 2 entries$/m)
        assert.equal(entries.match(/^Entry type: trustedCertEntry$/gm)?.length, 2)
      })
    })
  }

  it('are found in a store of keytool', async function () {
    needs(this, 'keytool')
    await inFolder(async (folder) => {
      const [ca, file] = [join(folder, 'ca.pem'), join(folder, 'k.p12')]
      await writeFile(ca, trusted[0]!.certificate.toString())
      const words = ['-importcert', '-noprompt', '-alias', 'made-by-keytool', '-file', ca, '-keystore', file]
      await tool('keytool', [...words, '-storetype', 'PKCS12', '-storepass', 'changeit'])
      assert.deepEqual(inStore(await readFile(file), new Secret('changeit')), [
        `made-by-keytool ${serial(trusted[0]!)}`,
      ])
    })
  })
})

describe('readPkcs12', () => {
  for (const legacy of [false, true]) {
    it(`opens a store of OpenSSL${legacy ? ' -legacy' : ''}`, async function () {
      needs(this, 'openssl')
      await inFolder(async (folder) => {
        const leaf = await testLeaf()
        await writeFile(join(folder, 'key.pem'), keyToPem(leaf.key))
        await writeFile(join(folder, 'leaf.pem'), leaf.certificate.toString())
        const files = [
          '-inkey',
          join(folder, 'key.pem'),
          '-in',
          join(folder, 'leaf.pem'),
          '-out',
          join(folder, 'o.p12'),
        ]
        const options = ['-name', 'es1', '-passout', 'pass:x y', ...(legacy ? ['-legacy'] : [])]
        await tool('openssl', ['pkcs12', '-export', ...files, ...options])
        const bytes = await readFile(join(folder, 'o.p12'))
        const store = readPkcs12(bytes, new Secret('x y'))
        assert.equal(store.keys[0]?.alias, 'es1')
        assert.ok(store.keys[0]?.key.equals(leaf.key))
        assert.equal(store.certificates[0]?.certificate.subject, 'CN=es1')
        assert.throws(() => readPkcs12(bytes, new Secret('y')), { message: /does not open/ })
      })
    })
  }

  it('opens a store of node-forge', async () => {
    const leaf = await testLeaf()
    const key = forge.pki.privateKeyFromPem(leaf.key.export({ type: 'pkcs1', format: 'pem' }).toString())
    const certificate = forge.pki.certificateFromPem(leaf.certificate.toString())
    for (const algorithm of ['aes256', '3des'] as const) {
      const asn1 = forge.pkcs12.toPkcs12Asn1(key, certificate, 'pw', { algorithm, friendlyName: 'f' })
      const bytes = Buffer.from(forge.asn1.toDer(asn1).getBytes(), 'latin1')
      assert.ok(readPkcs12(bytes, new Secret('pw')).keys[0]?.key.equals(leaf.key))
    }
  })

  it('fails with a PkiError on any damage, and never with anything else', async () => {
    const leaf = await testLeaf()
    const bytes = writePkcs12({ alias: 'http', ...leaf, chain: [] }, password)
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), fc.boolean(), (at, change, cut) => {
        const damaged = Buffer.from(cut ? bytes.subarray(0, at) : bytes)
        if (!cut) damaged[at] = (damaged[at] ?? 0) ^ change
        try {
          readPkcs12(damaged, password)
        } catch (thrown) {
          assert.ok(thrown instanceof PkiError, `at ${at}: ${String(thrown)}`)
        }
      }),
      { numRuns: 100 },
    )
  })
})
