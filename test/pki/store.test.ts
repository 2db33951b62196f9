import assert from 'node:assert/strict'
import { authorityPaths, bundlePath, leafPaths, passwordPath, storeNameProblem } from '../../src/pki/store.ts'

describe('the PKI store', () => {
  it('has its files where the documentation says', () => {
    assert.equal(authorityPaths('/pki', 'http-ca').certificate, '/pki/ca/http-ca.crt')
    assert.equal(authorityPaths('/pki', 'http-ca').key, '/pki/ca/http-ca.key')
    assert.equal(leafPaths('/pki', 'es1', 'http').certificate, '/pki/es1/http.crt')
    assert.equal(leafPaths('/pki', 'es1', 'http').store, '/pki/es1/http.p12')
    assert.equal(passwordPath('/pki'), '/pki/http-p12-password')
    assert.equal(bundlePath('/pki'), '/pki/elasticsearch-ca.pem')
  })

  it('takes no name that leads out of it', () => {
    for (const name of ['es1', 'es-1.example.com', 'es_1']) assert.equal(storeNameProblem(name), undefined)
    for (const name of ['', '.', '..', '../x', 'a/b', '.hidden', '-x', 'a\nb']) assert.ok(storeNameProblem(name))
  })
})
