import assert from 'node:assert/strict'
import {
  authorityPaths,
  bundlePath,
  formerAuthorityPath,
  isFormerAuthority,
  isNextAuthority,
  leafPaths,
  nextAuthority,
  passwordPath,
  storeNameProblem,
} from '../../src/pki/store.ts'

describe('the PKI store', () => {
  it('has its files where the documentation says', () => {
    assert.equal(authorityPaths('/pki', 'http-ca').certificate, '/pki/ca/http-ca.crt')
    assert.equal(authorityPaths('/pki', 'http-ca').key, '/pki/ca/http-ca.key')
    assert.equal(leafPaths('/pki', 'es1', 'http').certificate, '/pki/es1/http.crt')
    assert.equal(leafPaths('/pki', 'es1', 'http').store, '/pki/es1/http.p12')
    assert.equal(passwordPath('/pki'), '/pki/http-p12-password')
    assert.equal(bundlePath('/pki'), '/pki/elasticsearch-ca.pem')
    assert.equal(nextAuthority('http-ca'), 'http-ca-next')
    assert.equal(formerAuthorityPath('/pki', 'http-ca', '3f2a'), '/pki/ca/http-ca-old-3f2a.crt')
    assert.deepEqual(['http-ca', 'http-ca-next'].map(isNextAuthority), [false, true])
    const names = ['http-ca-old-3f2a.crt', 'http-ca-old-3f2a.key', 'http-ca.crt', 'other-ca-old-3f2a.crt']
    assert.deepEqual(
      names.map((name) => isFormerAuthority(`/pki/ca/${name}`, '/pki', 'http-ca')),
      [true, false, false, false],
    )
  })

  it('takes no name that leads out of it', () => {
    for (const name of ['es1', 'es-1.example.com', 'es_1']) assert.equal(storeNameProblem(name), undefined)
    for (const name of ['', '.', '..', '../x', 'a/b', '.hidden', '-x', 'a\nb']) assert.ok(storeNameProblem(name))
  })
})
