import assert from 'node:assert/strict'
import type { X509Certificate } from 'node:crypto'
import { planRenewal, type InstalledFile, type RenewalView, type ServedHttp } from '../../src/elastic/renewal.ts'
import { issueAuthority, type Authority } from '../../src/pki/issue.ts'
import { daysAfter, leafRequest, now, testAuthority, testLeaf } from '../support/test-ca.ts'

describe('planRenewal', () => {
  let authority: Authority
  let other: Authority
  let leaf: X509Certificate
  let newer: X509Certificate
  let foreign: X509Certificate

  before(async () => {
    authority = await testAuthority()
    other = await issueAuthority({ commonName: 'Test CA', days: 1000, keyBits: 2048, now })
    leaf = (await testLeaf()).certificate
    newer = (await testLeaf()).certificate
    foreign = (await testLeaf({}, other)).certificate
  })

  const stored = (more: Partial<RenewalView['stored'] & object> = {}): NonNullable<RenewalView['stored']> => ({
    certificate: leaf,
    keyMatches: true,
    authority: authority.certificate,
    names: leafRequest.names,
    usages: ['server'],
    force: false,
    ...more,
  })
  const file = (certificate: X509Certificate, more: Partial<InstalledFile> = {}): InstalledFile =>
    ({ kind: 'certificate', certificate, isStored: certificate === leaf, closed: undefined, ...more }) as InstalledFile
  const served = (certificate: X509Certificate): ServedHttp => ({
    kind: 'certificate',
    certificate,
    rejected: undefined,
  })
  const view = (more: Partial<RenewalView> = {}): RenewalView => ({
    notSetUp: undefined,
    stored: stored(),
    otherAuthority: undefined,
    rotatedAuthority: undefined,
    isPasswordChanged: false,
    installed: file(leaf),
    served: served(leaf),
    ...more,
  })
  const plan = (more: Partial<RenewalView> = {}, at = now) => {
    const { action, reasons, text, hint } = planRenewal(view(more), at)
    return { action, kinds: reasons.map((reason) => reason.kind), text, hint }
  }
  const nothing: ServedHttp = { kind: 'nothing', reason: 'nothing answers' }
  const unreadable: InstalledFile = { kind: 'unreadable', reason: 'http.p12: the password does not open it' }

  it('does nothing when store, file and handshake agree, and says until when', () => {
    const text = 'valid until 2028-02-29, renewal starts 2027-10-30'
    assert.deepEqual(plan(), { action: 'none', kinds: [], text, hint: undefined })
  })

  it('does nothing to a node that is down and where nothing is due', () => {
    assert.equal(plan({ served: nothing }).action, 'none')
  })

  it('issues for each reason of the store', () => {
    const issued = (more: Partial<RenewalView['stored'] & object>, at = now) => {
      const { action, kinds, text } = plan({ stored: stored(more) }, at)
      assert.equal(action, 'issue')
      return [...kinds, text]
    }
    assert.deepEqual(issued({ force: true }), ['forced', 'forced'])
    assert.deepEqual(issued({}, daysAfter(now, 300)), ['expiring', 'expires on 2028-02-29'])
    assert.deepEqual(issued({}, daysAfter(now, 400)), ['expiring', 'expired on 2028-02-29'])
    assert.deepEqual(issued({ renewBeforeDays: 364 }, daysAfter(now, 2)), ['expiring', 'expires on 2028-02-29'])
    assert.deepEqual(issued({ certificate: undefined }), ['missing', 'missing'])
    assert.deepEqual(issued({ unreadable: 'cut' }), ['unreadable', 'unreadable: cut'])
    assert.deepEqual(issued({ names: { ...leafRequest.names, dns: ['es1', 'es1.lab', 'localhost', 'new'] } }), [
      'names changed',
      'names changed: new added',
    ])
  })

  it('starts a third of the lifetime before the end, to the day, and not before', () => {
    assert.equal(plan({}, daysAfter(now, 243)).action, 'none')
    assert.equal(plan({}, daysAfter(now, 244)).action, 'issue')
    assert.equal(plan({ stored: stored({ renewBeforeDays: 30 }) }, daysAfter(now, 334)).action, 'none')
    assert.equal(plan({ stored: stored({ renewBeforeDays: 30 }) }, daysAfter(now, 335)).action, 'issue')
  })

  it('places the certificate of the store when another or none is on the host', () => {
    const placed = (installed: InstalledFile, kinds: readonly string[]) => {
      const found = plan({ installed })
      assert.deepEqual([found.action, found.kinds], ['place', kinds])
    }
    placed({ kind: 'missing' }, ['file missing'])
    placed(file(newer), ['file differs from store', 'served differs from file'])
    placed(file(leaf, { isStored: false }), ['file differs from store'])
  })

  it('places it over a file that does not open, for what is served proves the password', () => {
    assert.deepEqual(plan({ installed: unreadable }).kinds, ['file unreadable'])
    assert.equal(plan({ installed: unreadable }).action, 'place')
    assert.equal(plan({ installed: unreadable, stored: stored({ force: true }) }).action, 'issue')
  })

  it('takes a password that opens neither for a change, which needs a restart', () => {
    const refused = plan({ installed: unreadable, served: served(newer) })
    assert.deepEqual([refused.action, refused.kinds], ['refuse', ['password changed']])
    assert.match(refused.hint ?? '', /secure-http\.yml/)
    assert.deepEqual(plan({ isPasswordChanged: true }).kinds, ['password changed'])
    assert.deepEqual(plan({ installed: unreadable, served: nothing }).kinds, ['password changed'])
  })

  it('has the file read again that is in place but not served, or that Elasticsearch may not read', () => {
    const stale = plan({ served: served(newer) })
    assert.deepEqual([stale.action, stale.kinds], ['reload', ['served differs from file']])
    const closed = plan({ installed: file(leaf, { closed: 'root:root 0600' }) })
    assert.deepEqual([closed.action, closed.kinds], ['reload', ['file closed to Elasticsearch']])
    assert.match(closed.text, /root:root 0600/)
  })

  it('refuses when the CA was replaced, however that shows, and names what is needed', () => {
    const replaced = [
      plan({ served: served(foreign) }),
      plan({ served: nothing, installed: file(foreign) }),
      plan({ otherAuthority: other.certificate }),
    ]
    for (const { action, kinds, hint } of replaced) {
      assert.deepEqual([action, kinds], ['refuse', ['CA replaced']])
      assert.match(hint ?? '', /rotate-ca\.yml/)
    }
  })

  it('issues anew when only the store holds a certificate of another CA: clients trust this one', () => {
    const { action, kinds } = plan({ stored: stored({ certificate: foreign }) })
    assert.deepEqual([action, kinds], ['issue', ['other CA']])
  })

  it('refuses under a CA that has expired, and waits for one that ends with its certificates', async () => {
    assert.deepEqual(plan({}, daysAfter(now, 1001)).kinds, ['CA expired'])
    const last = (await testLeaf({ days: 1000 })).certificate
    const kept = plan(
      { stored: stored({ certificate: last }), installed: file(last, { isStored: true }), served: served(last) },
      daysAfter(now, 990),
    )
    assert.deepEqual(
      [kept.action, kept.text],
      ['none', 'valid until 2029-11-25, when its CA ends; the CA has to be renewed first'],
    )
  })

  it('refuses where http is not set up yet, and where the store has no CA', () => {
    for (const more of [{ notSetUp: 'http is not secured yet' }, { stored: undefined, served: nothing }]) {
      const { action, kinds, hint } = plan(more)
      assert.deepEqual([action, kinds, hint], ['refuse', ['not set up'], 'Run playbooks/secure-http.yml'])
    }
  })

  it('asks for the right store before it sends anybody to make a new CA', () => {
    const { kinds, hint } = plan({ stored: undefined })
    assert.deepEqual(kinds, ['not set up'])
    assert.match(hint ?? '', /^Check pki_dir\./)
  })

  it('refuses to renew a node that does not answer', () => {
    const { action, kinds, text } = plan({ served: nothing, stored: stored({ force: true }) })
    assert.deepEqual([action, kinds, text], ['refuse', ['not served'], 'nothing answers; due: forced'])
  })
})
