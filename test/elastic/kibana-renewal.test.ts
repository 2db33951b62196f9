import assert from 'node:assert/strict'
import { planKibanaRenewal, readsCertificatesAgain, type KibanaRenewalView } from '../../src/elastic/kibana-renewal.ts'
import { issueAuthority, type Authority, type Identity } from '../../src/pki/issue.ts'
import { daysAfter, leafRequest, now, testAuthority, testLeaf } from '../support/test-ca.ts'

describe('planKibanaRenewal', () => {
  let authority: Authority
  let other: Authority
  let leaf: Identity

  before(async () => {
    authority = await testAuthority()
    other = await issueAuthority({ commonName: 'Other CA', days: 1000, keyBits: 2048, now })
    leaf = await testLeaf()
  })

  function view(identity: Identity, change: Partial<KibanaRenewalView> = {}): KibanaRenewalView {
    const { certificate } = identity
    const places = { kind: 'pem', certificatePath: '/c', keyPath: '/k', passphrase: undefined } as const
    return {
      files: { kind: 'open', places, certificate, keyMatches: true, others: [], alias: '', isEncrypted: false },
      authority: authority.certificate,
      formerAuthorities: [],
      served: { kind: 'certificate', certificate, rejected: undefined },
      changedSettings: [],
      missing: [],
      rule: { names: leafRequest.names, force: false },
      ...change,
    }
  }
  const planned = (seen: KibanaRenewalView, at = now) => {
    const { action, reasons } = planKibanaRenewal(seen, at)
    return [action, ...reasons.map((reason) => reason.kind)]
  }
  const nothing = { kind: 'nothing', reason: 'refused' } as const

  it('leaves what is not due alone, and a Kibana without https', () => {
    assert.deepEqual(planned(view(leaf)), ['none'])
    assert.deepEqual(planned(view(leaf, { files: { kind: 'off' }, served: nothing })), ['none'])
  })

  it('issues when a third of the lifetime is left, when forced, for a new name, and for a key of another one', async () => {
    assert.deepEqual(planned(view(leaf), daysAfter(now, 250)), ['issue', 'expiring'])
    const { names } = leafRequest
    assert.deepEqual(planned(view(leaf, { rule: { names, force: true } })), ['issue', 'forced'])
    const more = { ...names, dns: [...names.dns, 'kibana.lab'] }
    assert.deepEqual(planned(view(leaf, { rule: { names: more, force: false } })), ['issue', 'names changed'])
    const seen = view(leaf)
    assert.ok(seen.files.kind === 'open')
    const files = { ...seen.files, keyMatches: false }
    assert.deepEqual(planned({ ...seen, files }), ['issue', 'key does not match'])
  })

  it('has it read the file that it does not serve yet', async () => {
    const { certificate } = await testLeaf()
    const served = { kind: 'certificate', certificate, rejected: undefined } as const
    assert.deepEqual(planned(view(leaf, { served })), ['reload', 'served differs from file'])
  })

  it('issues by the CA of the store where that has taken the place of the one that the certificate is from', async () => {
    const former = await testLeaf({}, other)
    const seen = view(former, { formerAuthorities: [other.certificate] })
    assert.deepEqual(planned(seen), ['issue', 'other CA'])
  })

  it('refuses a certificate of another CA, in the file or served, due or not', async () => {
    const foreign = await testLeaf({}, other)
    assert.deepEqual(planned(view(foreign)), ['refuse', 'other CA'])
    const served = { kind: 'certificate', certificate: foreign.certificate, rejected: undefined } as const
    assert.deepEqual(planned(view(leaf, { served })), ['refuse', 'other CA'])
    assert.deepEqual(planned(view(leaf, { authority: undefined })), ['refuse', 'not set up'])
  })

  it('refuses what is due while Kibana is down or would read changed settings too, and is silent when nothing is due', () => {
    const due = daysAfter(now, 300)
    assert.deepEqual(planned(view(leaf, { served: nothing }), due), ['refuse', 'not served'])
    const changedSettings = ['/etc/kibana/kibana.yml']
    assert.deepEqual(planned(view(leaf, { changedSettings }), due), ['refuse', 'not set up'])
    assert.deepEqual(planned(view(leaf, { missing: ['/etc/kibana/ca.pem'] }), due), ['refuse', 'file missing'])
    assert.deepEqual(planned(view(leaf, { changedSettings })), ['none'])
    assert.deepEqual(planned(view(leaf, { served: nothing })), ['none'])
  })

  it('knows which versions read certificates again on SIGHUP', () => {
    const known = ['8.11.2', '8.12.0', '8.19.5', '9.0.0', '9.5.0-SNAPSHOT', undefined].map(readsCertificatesAgain)
    assert.ok(known.every(Boolean))
    assert.ok(['7.17.29', '8.0.0', '8.11.1'].map(readsCertificatesAgain).every((reads) => !reads))
  })
})
