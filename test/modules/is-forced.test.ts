import assert from 'node:assert/strict'
import { issueAuthority } from '../../src/pki/issue.ts'
import { isForced } from '../../src/modules/is-forced.ts'

describe('force', () => {
  const began = new Date('2026-11-24T12:00:00Z')
  const certificateOf = async (at: string) => {
    const authority = await issueAuthority({ commonName: 'CA', days: 30, keyBits: 2048, now: new Date(at) })
    return authority.certificate
  }

  it('holds for every certificate in a run of its own', async () => {
    assert.equal(isForced({ force: true }, await certificateOf('2026-11-24T12:00:05Z'), {}), true)
    assert.equal(isForced({ force: false }, await certificateOf('2026-11-24T12:00:05Z'), {}), false)
  })

  it('holds in a resumed run for what it has not issued since it began', async () => {
    const resumed = { resumedSince: began }
    assert.equal(isForced({ force: true }, await certificateOf('2026-11-24T11:59:59Z'), resumed), true)
    assert.equal(isForced({ force: true }, await certificateOf('2026-11-24T12:00:05Z'), resumed), false)
    assert.equal(isForced({ force: true }, undefined, resumed), true)
  })
})
