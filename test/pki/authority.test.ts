import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { lifetimeWarning, openAuthority, type AuthorityFiles } from '../../src/pki/authority.ts'
import { mayIssue } from '../../src/pki/certificate-fields.ts'
import { issueAuthority, issueLeaf, type Authority } from '../../src/pki/issue.ts'
import { writePkcs12 } from '../../src/pki/pkcs12.ts'
import { Secret } from '../../src/secrets/secret.ts'
import { elasticsearchDistribution, findJdk } from '../support/elasticsearch-distribution.ts'
import { needs, skipFor } from '../support/needs.ts'
import { daysAfter, inFolder, leafRequest, now, testAuthority, testLeaf, tool } from '../support/test-ca.ts'

const password = new Secret('capw')

describe('openAuthority', () => {
  let authority: Authority
  let store: Buffer

  before(async () => {
    authority = await testAuthority()
    store = writePkcs12({ alias: 'ca', ...authority }, password)
  })

  function refusal(files: Partial<AuthorityFiles>, at = now): { message: string; hint: string | undefined } {
    try {
      openAuthority({ path: 'ca.p12', content: store, password, ...files }, at)
    } catch (thrown) {
      const { message, hint, name } = thrown as Error & { hint?: string }
      assert.equal(name, 'PkiError')
      return { message, hint }
    }
    throw new assert.AssertionError({ message: 'it was taken' })
  }

  const pemKey = (key: KeyObject, type: 'pkcs1' | 'pkcs8', cipher?: string) =>
    Buffer.from(
      key.export({ type, format: 'pem', ...(cipher === undefined ? {} : { cipher, passphrase: password.reveal() }) }),
    )

  it('opens PKCS#12', () => {
    const opened = openAuthority({ path: 'ca.p12', content: store, password }, now)
    assert.deepEqual(opened.certificate.raw, authority.certificate.raw)
    assert.ok(opened.key.equals(authority.key))
  })

  for (const [form, type, cipher] of [
    ['PKCS#1', 'pkcs1', undefined],
    ['PKCS#8', 'pkcs8', undefined],
    ['encrypted PKCS#8', 'pkcs8', 'aes-256-cbc'],
    ['the old DEK-Info form', 'pkcs1', 'aes-128-cbc'],
  ] as const) {
    it(`opens PEM with a key in ${form}`, () => {
      const keyContent = pemKey(authority.key, type, cipher)
      const content = Buffer.from(authority.certificate.toString())
      const opened = openAuthority({ path: 'ca.crt', content, keyPath: 'ca.key', keyContent, password }, now)
      assert.ok(opened.key.equals(authority.key))
    })
  }

  it('tells a wrong or missing password', () => {
    const wrong = 'Cannot open the CA "ca.p12": the password does not open the PKCS#12 store'
    assert.equal(refusal({ password: new Secret('no') }).message, wrong)
    assert.equal(refusal({ password: undefined }).message, wrong)
    const pem = { path: 'ca.crt', content: Buffer.from(authority.certificate.toString()), keyPath: 'ca.key' }
    for (const [type, cipher] of [
      ['pkcs8', 'aes-256-cbc'],
      ['pkcs1', 'aes-128-cbc'],
    ] as const) {
      const keyContent = pemKey(authority.key, type, cipher)
      assert.equal(
        refusal({ ...pem, keyContent, password: new Secret('no') }).message,
        'The password does not open the private key in "ca.key"',
      )
      assert.equal(
        refusal({ ...pem, keyContent, password: undefined }).message,
        'The private key in "ca.key" is encrypted and no password is given',
      )
    }
  })

  it('tells an expired CA and one that is not valid yet', () => {
    assert.equal(refusal({}, daysAfter(now, 1001)).message, 'The CA "ca.p12" expired on 2029-11-25')
    const early = refusal({}, daysAfter(now, -1))
    assert.equal(early.message, 'The CA "ca.p12" is not valid before 2027-03-01T11:50:00.000Z')
    assert.equal(early.hint, "Check this machine's clock")
  })

  it("tells a node's certificate from a CA", async () => {
    const content = writePkcs12({ alias: 'http', ...(await testLeaf()), chain: [authority.certificate] }, password)
    const { message, hint } = refusal({ content })
    assert.equal(message, 'The certificate "CN=es1" in "ca.p12" is no CA and cannot issue others')
    assert.match(hint ?? '', /elastic-stack-ca\.p12/)
  })

  it('tells a key that does not match', () => {
    const keyContent = pemKey(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey, 'pkcs8')
    const content = Buffer.from(authority.certificate.toString())
    const { message } = refusal({ path: 'ca.crt', content, keyPath: 'ca.key', keyContent })
    assert.equal(message, 'The private key in "ca.key" does not match the CA certificate in "ca.crt"')
  })

  it('tells files of other kinds', () => {
    assert.match(refusal({ content: Buffer.from('feedfeed00000002', 'hex') }).hint ?? '', /keytool -importkeystore/)
    assert.equal(refusal({ content: Buffer.from('hello') }).message, 'The CA "ca.p12" is neither PKCS#12 nor PEM')
    assert.equal(refusal({ content: Buffer.alloc(0) }).message, 'The CA "ca.p12" is neither PKCS#12 nor PEM')
    assert.equal(
      refusal({ path: 'ca.crt', content: Buffer.from(authority.certificate.toString()) }).message,
      'There is no private key in "ca.crt"',
    )
    assert.equal(refusal({ content: pemKey(authority.key, 'pkcs8') }).message, 'There is no certificate in "ca.p12"')
    assert.match(refusal({ content: store.subarray(0, 100) }).message, /^Cannot open the CA "ca.p12": /)
  })

  it('keeps the issuers of an intermediate CA', async function () {
    needs(this, 'openssl')
    await inFolder(async (folder) => {
      const at = (name: string) => join(folder, name)
      const root = await issueAuthority({ commonName: 'Root', days: 10, keyBits: 2048, now: new Date() })
      await writeFile(at('root.crt'), root.certificate.toString())
      await writeFile(at('root.key'), pemKey(root.key, 'pkcs8'))
      const request = ['-newkey', 'rsa:2048', '-nodes', '-keyout', at('mid.key'), '-subj', '/CN=Middle']
      await tool('openssl', ['req', ...request, '-out', at('mid.csr')])
      await writeFile(at('ext'), 'basicConstraints=critical,CA:TRUE\n')
      const signing = ['-CA', at('root.crt'), '-CAkey', at('root.key'), '-CAcreateserial', '-extfile', at('ext')]
      await tool('openssl', ['x509', '-req', '-days', '5', '-in', at('mid.csr'), ...signing, '-out', at('mid.crt')])
      // The root first: the order of a file does not say which is the CA.
      const content = Buffer.concat([await readFile(at('root.crt')), await readFile(at('mid.crt'))])
      const keyContent = await readFile(at('mid.key'))
      const opened = openAuthority({ path: 'x', content, keyContent }, new Date())
      assert.equal(opened.certificate.subject, 'CN=Middle')
      assert.deepEqual(
        opened.chain.map((one) => one.subject),
        ['CN=Root'],
      )
      const leaf = await issueLeaf({ ...leafRequest, now: new Date() }, opened)
      assert.deepEqual(leaf.certificate.validToDate, opened.certificate.validToDate)
    })
  })

  it('opens the CA and the node store of the real elasticsearch-certutil', async function () {
    const archive = '.m2/repository/org/elasticsearch/distribution/integ-test-zip/elasticsearch/9.5.0'
    if (!existsSync(join(homedir(), archive)) || findJdk(25) === undefined) {
      skipFor(this, 'needs Elasticsearch 9.5.0 in the local Maven repository and a JDK 25')
      return
    }
    this.timeout(120_000)
    const { home, jdk } = await elasticsearchDistribution('9.5.0')
    await inFolder(async (folder) => {
      const certutil = (...words: readonly string[]) =>
        tool(join(home, 'bin/elasticsearch-certutil'), words, { ES_JAVA_HOME: jdk, ES_PATH_CONF: join(home, 'config') })
      const path = join(folder, 'elastic-stack-ca.p12')
      await certutil('ca', '--out', path, '--pass', password.reveal())
      const opened = openAuthority({ path, content: await readFile(path), password }, new Date())
      assert.equal(opened.certificate.subject, 'CN=Elastic Certificate Tool Autogenerated CA')
      assert.ok(mayIssue(opened.certificate))
      const leaf = await issueLeaf({ ...leafRequest, now: new Date() }, opened)
      assert.ok(leaf.certificate.verify(opened.certificate.publicKey))
      const node = join(folder, 'node.p12')
      await certutil('cert', '--ca', path, '--ca-pass', password.reveal(), '--out', node, '--pass', 'nodepw')
      const content = await readFile(node)
      assert.match(refusal({ content, password: new Secret('nodepw') }, new Date()).message, /is no CA/)
    })
  })
})

describe('lifetimeWarning', () => {
  it('tells when a certificate would outlive its CA', async () => {
    const { certificate } = await testAuthority()
    assert.equal(lifetimeWarning(certificate, 1000, now), undefined)
    assert.match(lifetimeWarning(certificate, 1001, now) ?? '', /^The CA expires on 2029-11-25, before/)
  })
})
