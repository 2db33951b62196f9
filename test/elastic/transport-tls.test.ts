import assert from 'node:assert/strict'
import { transportTls } from '../../src/elastic/transport-tls.ts'
import { readSettings } from '../../src/yaml-settings/read-settings.ts'

const prefix = 'xpack.security.transport.ssl.'
const p12 = '/etc/elasticsearch/elastic-certificates.p12'

function tls(lines: Readonly<Record<string, unknown>>, more = '') {
  const own = { enabled: true, ...lines }
  const text = Object.entries(own).map(([name, value]) => `${prefix}${name}: ${JSON.stringify(value)}\n`)
  return transportTls(readSettings(text.join('') + more, 'elasticsearch.yml').settings, '/etc/elasticsearch')
}

function reason(...words: Parameters<typeof tls>): string | undefined {
  const found = tls(...words)
  return found.kind === 'fixed' ? found.reason : undefined
}

describe('transportTls', () => {
  it('takes one store for both as one file, however its path is written', () => {
    const expected = { kind: 'store', path: p12, trust: { kind: 'key store' } }
    const name = 'elastic-certificates.p12'
    assert.deepEqual(tls({ 'keystore.path': name, 'truststore.path': name }), expected)
    assert.deepEqual(tls({ 'keystore.path': p12, 'truststore.path': `./${name}` }), expected)
    assert.deepEqual(tls({ 'keystore.path': name }), expected, 'Elasticsearch then trusts by the keystore')
  })

  it('knows a truststore and a PEM file beside it', () => {
    const store = tls({ 'keystore.path': 'k.p12', 'truststore.path': 'certs/t.p12' })
    assert.deepEqual(store, {
      kind: 'store',
      path: '/etc/elasticsearch/k.p12',
      trust: { kind: 'store', path: '/etc/elasticsearch/certs/t.p12' },
    })
    for (const written of ['ca.crt', ['ca.crt'], ['/etc/elasticsearch/ca.crt']]) {
      const pem = tls({ 'keystore.path': 'k.p12', certificate_authorities: written })
      assert.deepEqual(pem.kind === 'store' && pem.trust, { kind: 'pem', path: '/etc/elasticsearch/ca.crt' })
    }
  })

  it('is off where it is not enabled', () => {
    assert.deepEqual(tls({ enabled: false, 'keystore.path': 'k.p12' }), { kind: 'off' })
    assert.deepEqual(transportTls(new Map(), '/etc/elasticsearch'), { kind: 'off' })
  })

  it('says what cannot be changed while the node runs', () => {
    assert.match(reason({ certificate: 'c.crt', key: 'c.key' }) ?? '', /two PEM files/)
    assert.match(reason({ 'keystore.path': 'k.jks' }) ?? '', /k\.jks is a Java keystore/)
    assert.match(reason({ 'keystore.path': 'k.p12', 'keystore.type': 'jks' }) ?? '', /Java keystore/)
    assert.match(reason({ 'keystore.path': 'k.p12', 'truststore.path': 't.jks' }) ?? '', /t\.jks is a Java/)
    assert.match(reason({ 'keystore.path': 'k.p12', certificate_authorities: ['a', 'b'] }) ?? '', /more than one/)
    assert.match(reason({}) ?? '', /no keystore\.path/)
    assert.equal(reason({ 'keystore.path': 'store', 'keystore.type': 'PKCS12' }), undefined)
  })

  it('is not off for a setting that the environment of the node says', () => {
    for (const lines of [{ enabled: '${TLS}' }, { 'keystore.path': '${CERTS}/k.p12' }, { certificate: '${CERT}' }]) {
      assert.match(reason(lines) ?? '', /is a variable of its environment/)
    }
    const trust = { 'keystore.path': 'k.p12', certificate_authorities: ['${CERTS}/ca.crt'] }
    assert.match(reason(trust) ?? '', /certificate_authorities is a variable of its environment/)
    assert.deepEqual(tls({ enabled: false, 'keystore.path': '${CERTS}/k.p12' }), { kind: 'off' })
  })

  it('leaves a file alone that is used for something else too', () => {
    const http = `xpack.security.http.ssl.keystore.path: ${p12}\n`
    assert.match(
      reason({ 'keystore.path': 'elastic-certificates.p12' }, http) ?? '',
      /elastic-certificates\.p12 is used for "xpack\.security\.http\.ssl\.keystore\.path" too/,
    )
    const realm = 'xpack.security.authc.realms.ldap.one.ssl.certificate_authorities: [a.crt, ca.crt]\n'
    assert.match(reason({ 'keystore.path': 'k.p12', certificate_authorities: 'ca.crt' }, realm) ?? '', /realms\.ldap/)
    assert.equal(reason({ 'keystore.path': 'k.p12' }, 'xpack.security.http.ssl.keystore.path: http.p12\n'), undefined)
  })
})
