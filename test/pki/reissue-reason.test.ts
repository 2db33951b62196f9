import assert from 'node:assert/strict'
import type { X509Certificate } from 'node:crypto'
import { issueAuthority } from '../../src/pki/issue.ts'
import { keepReason, reissueReason, type ReissueInput } from '../../src/pki/reissue-reason.ts'
import { daysAfter, leafRequest, now, testAuthority, testLeaf } from '../support/test-ca.ts'

describe('reissueReason', () => {
  let certificate: X509Certificate
  let authority: X509Certificate

  before(async () => {
    authority = (await testAuthority()).certificate
    certificate = (await testLeaf()).certificate
  })

  function reason(change: Partial<ReissueInput>, at = now): string | undefined {
    const input: ReissueInput = {
      certificate,
      keyMatches: true,
      authority,
      names: leafRequest.names,
      usages: ['server'],
      force: false,
      ...change,
    }
    return reissueReason(input, at)?.text
  }

  it('has none for a certificate as it should be', () => assert.equal(reason({}), undefined))

  it('does not mind the order of names', () => {
    const names = { dns: ['localhost', 'es1.lab', 'es1'], addresses: ['::1', '127.0.0.1'] }
    assert.equal(reason({ names }), undefined)
  })

  it('names what is missing or unreadable', () => {
    assert.equal(reason({ certificate: undefined }), 'missing')
    assert.equal(reason({ unreadable: 'http.p12: cut' }), 'unreadable: http.p12: cut')
    assert.equal(reason({ keyMatches: false }), 'the private key does not match the certificate')
  })

  it('names another CA, also one of the same name', async () => {
    const other = await issueAuthority({ commonName: 'Test CA', days: 1000, keyBits: 2048, now })
    assert.equal(reason({ authority: other.certificate }), 'not from this CA (CN=Test CA)')
  })

  it('names the names that changed', () => {
    const names = { dns: ['es1', 'localhost', 'es1.example'], addresses: ['127.0.0.1', '::1'] }
    assert.equal(reason({ names }), 'names changed: es1.example added; es1.lab removed')
  })

  it('names a usage that is missing', () => {
    assert.equal(reason({ usages: ['server', 'client'] }), 'usage changed: client missing')
  })

  it('starts renewal when a third of the lifetime is left', () => {
    assert.equal(reason({}, daysAfter(now, 243)), undefined)
    assert.equal(reason({}, daysAfter(now, 244)), 'expires on 2028-02-29')
    assert.equal(reason({}, daysAfter(now, 365)), 'expired on 2028-02-29')
  })

  it('starts renewal the given number of days before the end', () => {
    assert.equal(reason({ renewBeforeDays: 30 }, daysAfter(now, 334)), undefined)
    assert.equal(reason({ renewBeforeDays: 30 }, daysAfter(now, 335)), 'expires on 2028-02-29')
  })

  it('renews what ends before a given day', () => {
    assert.equal(reason({ renewBefore: new Date('2028-02-29') }), undefined)
    assert.equal(reason({ renewBefore: new Date('2028-03-01') }), 'expires on 2028-02-29')
  })

  it('does not renew what would end with its CA all the same', async () => {
    const short = (await testLeaf({ days: 5000 })).certificate
    assert.equal(reason({ certificate: short }, daysAfter(now, 999)), undefined)
    assert.equal(
      keepReason(short, authority),
      'valid until 2029-11-25, when its CA ends; the CA has to be renewed first',
    )
  })

  it('is forced when nothing else is wrong', () => assert.equal(reason({ force: true }), 'forced'))

  it('has a reason for keeping, too', () => {
    assert.equal(keepReason(certificate, authority), 'valid until 2028-02-29, renewal starts 2027-10-30')
    assert.equal(keepReason(certificate, authority, 30), 'valid until 2028-02-29, renewal starts 2028-01-30')
  })
})
