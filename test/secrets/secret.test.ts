import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import { Secret } from '../../src/secrets/secret.ts'

describe('Secret', () => {
  it('is masked however it becomes text', () => {
    const secret = new Secret('hidden')
    assert.equal(
      `${String(secret)} ${JSON.stringify({ secret })} ${inspect({ secret })}`,
      '******** {"secret":"********"} { secret: ******** }',
    )
  })

  it('reveals what it was given, text or bytes', () => {
    assert.equal(new Secret('päss').reveal(), 'päss')
    assert.deepEqual(new Secret(Buffer.from([0, 255])).revealBytes(), Buffer.from([0, 255]))
  })

  it('is not changed through the bytes it was made of or gave away', () => {
    const bytes = Buffer.from('hidden')
    const secret = new Secret(bytes)
    bytes.fill(0)
    secret.revealBytes().fill(0)
    assert.equal(secret.reveal(), 'hidden')
  })

  it('is fetched when it is first revealed, and once', () => {
    let fetched = 0
    const secret = new Secret(() => {
      fetched += 1
      return Buffer.from('hidden')
    })
    assert.equal(String(secret), '********')
    assert.equal(fetched, 0)
    assert.ok(secret.equals(new Secret('hidden')) && secret.reveal() === 'hidden')
    assert.equal(fetched, 1)
  })
})
