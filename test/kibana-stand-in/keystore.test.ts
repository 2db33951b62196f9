import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { openKibanaKeystore } from '../../src/elastic/sealed-store.ts'
import { KibanaHome } from './stand-in.ts'

describe('the stand-in for kibana-keystore', () => {
  let kibana: KibanaHome

  beforeEach(() => {
    kibana = new KibanaHome()
  })
  afterEach(() => kibana.remove())

  function stored(password = ''): ReadonlyMap<string, unknown> {
    const path = kibana.path('kibana.keystore')
    return openKibanaKeystore(readFileSync(path), path, password)
  }

  it('ends with 0 when there is no keystore to add to, and says so on stderr only', async () => {
    const { code, stdout, stderr } = await kibana.keystore(['add', 'a', '--stdin'], 'v')
    assert.deepEqual([code, stdout], [0, ''])
    assert.equal(stderr, "ERROR: Kibana keystore not found. Use 'create' command to create one.\n")
  })

  it('keeps an old value without --force, and ends with 0 all the same', async () => {
    await kibana.keystore(['create'])
    await kibana.keystore(['add', 'a', '--stdin'], 'old')
    const again = await kibana.keystore(['add', 'a', '--stdin'], 'new')
    assert.deepEqual([again.code, stored().get('a')], [0, 'old'])
    assert.equal(again.stdout, 'Setting a already exists, exiting without modifying keystore.\n')
    await kibana.keystore(['add', 'a', '--stdin', '--force'], 'new')
    assert.equal(stored().get('a'), 'new')
  })

  it('takes a value for JSON when it is some', async () => {
    await kibana.keystore(['create'])
    const values = { digits: '123456', quoted: '"123456"', flag: 'true', none: 'null', text: ' a b \n' }
    for (const [key, value] of Object.entries(values)) await kibana.keystore(['add', key, '-x'], value)
    assert.deepEqual(Object.fromEntries(stored()), {
      digits: 123456,
      quoted: '123456',
      flag: true,
      none: 'null',
      text: 'a b',
    })
  })

  it('makes an empty keystore when something is to be removed and there is none', async () => {
    assert.equal((await kibana.keystore(['remove', 'a'])).code, 0)
    assert.equal(stored().size, 0)
  })

  it('does nothing and ends with 0 when a question is not answered', async () => {
    await kibana.keystore(['create'])
    await kibana.keystore(['add', 'a', '-x'], 'v')
    const { code, stdout } = await kibana.keystore(['create'])
    assert.deepEqual([code, stored().get('a')], [0, 'v'])
    assert.match(stdout, /already exists\. Overwrite\? \[y\/N\]/)
  })

  it('shows a value, and ends with 255 for a name that is not there', async () => {
    await kibana.keystore(['create'])
    await kibana.keystore(['add', 'a', '-x'], 'v')
    assert.equal((await kibana.keystore(['show', 'a'])).stdout, 'v\n')
    assert.equal((await kibana.keystore(['show', 'b'])).code, 255)
  })

  it('opens a protected keystore with the password in a file before the one in the environment', async () => {
    await kibana.keystore(['create', '-p'], 'secret\n')
    assert.equal((await kibana.keystore(['has-passwd'])).code, 0)
    const file = kibana.write('passphrase', 'secret\n')
    const right = await kibana.keystore(['add', 'a', '-x'], 'v', {
      KBN_KEYSTORE_PASSPHRASE_FILE: file,
      KEYSTORE_PASSWORD: 'no',
    })
    assert.deepEqual([right.code, stored('secret').get('a')], [0, 'v'])
    const wrong = await kibana.keystore(['list'], '', { KEYSTORE_PASSWORD: 'wrong' })
    assert.equal(wrong.code, 1)
    assert.match(wrong.stdout, /FATAL CLI ERROR UnableToReadKeystore: unable to read keystore/)
  })

  it('ends with 64 for a command that it does not know', async () => {
    const { code, stderr } = await kibana.keystore(['ad'])
    assert.deepEqual([code, stderr], [64, 'unknown command ad\n'])
  })
})
