import assert from 'node:assert/strict'
import { createCipheriv, pbkdf2Sync, randomBytes } from 'node:crypto'
import { openBeatKeystore, openKibanaKeystore } from '../../src/elastic/sealed-store.ts'
import { TaskError } from '../../src/errors.ts'
import { sealKeystore } from '../lab/kibana/keystore-format.ts'

/** As libbeat/keystore/file_keystore.go writes it. */
function beatKeystore(values: Readonly<Record<string, string>>): Buffer {
  const [salt, iv] = [randomBytes(64), randomBytes(12)]
  const cipher = createCipheriv('aes-256-gcm', pbkdf2Sync('', salt, 10_000, 32, 'sha512'), iv)
  const entries = Object.entries(values).map(([name, value]) => [
    name,
    { value: Buffer.from(value).toString('base64') },
  ])
  const sealed = [cipher.update(JSON.stringify(Object.fromEntries(entries))), cipher.final(), cipher.getAuthTag()]
  return Buffer.from(`v1${Buffer.concat([salt, iv, ...sealed]).toString('base64')}`)
}

describe('sealed stores', () => {
  it('opens a Kibana keystore, with its password where it has one', () => {
    const settings = { 'elasticsearch.password': 'ü"', 'server.port': 5601 }
    assert.deepEqual(Object.fromEntries(openKibanaKeystore(Buffer.from(sealKeystore(settings)), 'k', '')), settings)
    const closed = Buffer.from(sealKeystore(settings, 'pw'))
    assert.deepEqual(Object.fromEntries(openKibanaKeystore(closed, 'k', 'pw')), settings)
    assert.throws(() => openKibanaKeystore(closed, 'k', ''), TaskError)
  })

  it('opens a Metricbeat keystore', () => {
    const values = { ES_PW: '"a, b"', EMPTY: '' }
    assert.deepEqual(Object.fromEntries(openBeatKeystore(beatKeystore(values), 'm')), values)
  })

  it('says of a broken or foreign file that it is one', () => {
    for (const bytes of [Buffer.alloc(0), Buffer.from('v2AAAA'), beatKeystore({}).subarray(0, 100)]) {
      assert.throws(() => openBeatKeystore(bytes, 'm'), TaskError)
      assert.throws(() => openKibanaKeystore(bytes, 'k', ''), TaskError)
    }
  })
})
