import assert from 'node:assert/strict'
import type { X509Certificate } from 'node:crypto'
import { rotationDue, rotationWill, type RotationRule, type RotationWish } from '../../src/elastic/rotation-due.ts'
import { issueAuthority } from '../../src/pki/issue.ts'
import { daysAfter, now, testAuthority } from '../support/test-ca.ts'

const rule: RotationRule = { certificateDays: 200, beforeDays: undefined }

describe('rotationDue', () => {
  let authority: X509Certificate

  before(async () => {
    authority = (await testAuthority()).certificate
  })

  const isDue = (day: number, more: Partial<RotationRule> = {}) =>
    rotationDue(authority, { ...rule, ...more }, daysAfter(now, day)).isDue

  it('is, as soon as the CA would end before a certificate that it issues', () => {
    assert.deepEqual([isDue(799), isDue(800)], [false, true])
    assert.equal(
      rotationDue(authority, rule, now).text,
      'the CA is valid until 2029-11-25, its rotation starts 2029-05-09',
    )
    assert.equal(rotationDue(authority, rule, daysAfter(now, 801)).text, 'the CA ends on 2029-11-25')
    assert.equal(rotationDue(authority, rule, daysAfter(now, 1001)).text, 'the CA expired on 2029-11-25')
  })

  it('is not before two thirds of its life are over, or a new one would be due at once', () => {
    assert.deepEqual([isDue(0, { certificateDays: 5000 }), isDue(666, { certificateDays: 5000 })], [false, false])
    assert.equal(isDue(667, { certificateDays: 5000 }), true)
  })

  it('is so many days before its end where that is said', () => {
    assert.deepEqual([isDue(969, { beforeDays: 30 }), isDue(970, { beforeDays: 30 })], [false, true])
    assert.equal(isDue(0, { beforeDays: 1000 }), true)
  })
})

describe('rotationWill', () => {
  let current: X509Certificate
  let other: X509Certificate

  before(async () => {
    current = (await testAuthority()).certificate
    other = (await issueAuthority({ commonName: 'Test CA', days: 900, keyBits: 2048, now })).certificate
  })

  const will = (more: Partial<RotationWish> = {}, at = now) => {
    const common = { current, next: undefined, own: undefined, isOwnFormer: false, hasKey: true, isForced: false, rule }
    const { due, obstacle } = rotationWill({ ...common, ...more }, at)
    return [due, obstacle?.text]
  }
  const late = () => daysAfter(now, 900)

  it('begins when it is due or forced, and not else', () => {
    assert.deepEqual(will(), [undefined, undefined])
    assert.deepEqual(will({}, late()), ['the CA ends on 2029-11-25', undefined])
    assert.deepEqual(will({ isForced: true }), ['forced', undefined])
  })

  it('begins when another CA is given, also one of the same name', () => {
    const [due, obstacle] = will({ own: other })
    assert.match(due ?? '', /^the CA given is CN=Test CA \([0-9a-f]{12}…\), the store has CN=Test CA/)
    assert.equal(obstacle, undefined)
    assert.deepEqual(will({ own: current, hasKey: false }).slice(0, 1), [undefined])
  })

  it('does not begin a second one', () => {
    assert.deepEqual(will({ next: other, isForced: true }), [undefined, undefined])
    assert.deepEqual(will({ next: other, own: other }), [undefined, undefined])
    assert.match(will({ next: other, own: current })[1] ?? '', /^A rotation to CN=Test CA .* but the CA given is/)
  })

  it('does not go back to a CA that was rotated out, as an inventory would that still names it', () => {
    assert.match(will({ own: other, isOwnFormer: true })[1] ?? '', /is one that was rotated out$/)
  })

  it('makes none in place of a CA of the user, unless that is forced', () => {
    assert.match(will({ hasKey: false }, late())[1] ?? '', /the CA is your own/)
    assert.deepEqual(will({ hasKey: false, isForced: true }), ['forced', undefined])
    assert.match(
      will({ own: current, isForced: true })[1] ?? '',
      /\(forced\), but the CA given is the one of the store/,
    )
    assert.match(will({ own: current }, late())[1] ?? '', /\(the CA ends on 2029-11-25\), but the CA given/)
  })
})
