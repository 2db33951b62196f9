import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { certificateAuthority } from '../../src/modules/certificate-authority.ts'
import { promotedAuthority } from '../../src/modules/promoted-authority.ts'
import { writePkcs12 } from '../../src/pki/pkcs12.ts'
import { Secret } from '../../src/secrets/secret.ts'
import { decideHere, filesIn, opened, perform, reasonOf, runHere } from '../support/controller-task.ts'
import { inFolder, now, testAuthority } from '../support/test-ca.ts'

const secret = new Secret('capw')

describe('promoted_authority', () => {
  const make = (dir: string, name: string, more = {}) => runHere(certificateAuthority, { dir, name, ...more }, now)
  const promote = (dir: string) => runHere(promotedAuthority, { dir }, now)
  const textOf = (dir: string, name: string) => readFile(join(dir, 'ca', name), 'utf8')
  const serialOf = (pem: string) => new X509Certificate(pem).serialNumber.toLowerCase().replace(/^0+/, '')
  const ownCa = async (dir: string) => {
    await writeFile(join(dir, 'own.p12'), writePkcs12({ alias: 'ca', ...(await testAuthority()) }, secret))
    return { own_ca_path: join(dir, 'own.p12'), own_ca_password: secret }
  }

  it('puts the next CA in the place of the current one, whose certificate stays and whose key does not', () =>
    inFolder(async (dir) => {
      await make(dir, 'http-ca')
      await make(dir, 'http-ca-next')
      const [old, next] = [await textOf(dir, 'http-ca.crt'), await textOf(dir, 'http-ca-next.crt')]
      const key = (await opened(join(dir, 'ca/http-ca-next.key'))).reveal()
      await promote(dir)
      const former = `ca/http-ca-old-${serialOf(old)}.crt`
      assert.deepEqual(await filesIn(dir), ['ca', former, 'ca/http-ca.crt', 'ca/http-ca.key'].sort())
      assert.deepEqual([await textOf(dir, 'http-ca.crt'), await readFile(join(dir, former), 'utf8')], [next, old])
      assert.equal((await opened(join(dir, 'ca/http-ca.key'))).reveal(), key)
      const again = await promote(dir)
      assert.equal(reasonOf(again), 'CA "CN=Elasticsearch HTTP CA" is the only one')
    }))

  it('ends the same wherever it was cut off, and never is without the key of the next CA', () =>
    inFolder(async (folder) => {
      for (let cut = 0; cut <= 5; cut += 1) {
        const dir = join(folder, String(cut))
        await make(dir, 'http-ca')
        await make(dir, 'http-ca-next')
        const [old, next] = [await textOf(dir, 'http-ca.crt'), await textOf(dir, 'http-ca-next.crt')]
        const key = (await opened(join(dir, 'ca/http-ca-next.key'))).reveal()
        const decision = await decideHere(promotedAuthority, { dir }, now)
        assert.ok(decision.kind === 'change')
        assert.equal(decision.change.effects.length, 5)
        for (const effect of decision.change.effects.slice(0, cut)) await perform(effect)
        const keys = (await filesIn(dir)).filter((name) => name.endsWith('.key'))
        const found = await Promise.all(keys.map(async (name) => (await opened(join(dir, name))).reveal()))
        assert.ok(found.includes(key), `cut off after ${cut}`)
        await promote(dir)
        const former = `ca/http-ca-old-${serialOf(old)}.crt`
        assert.deepEqual(await filesIn(dir), ['ca', former, 'ca/http-ca.crt', 'ca/http-ca.key'].sort())
        assert.equal(await textOf(dir, 'http-ca.crt'), next)
        assert.equal((await opened(join(dir, 'ca/http-ca.key'))).reveal(), key)
      }
    }))

  it('leaves no key in the store when the next CA is one of the user', () =>
    inFolder(async (dir) => {
      await make(dir, 'http-ca')
      await make(dir, 'http-ca-next', await ownCa(dir))
      assert.ok(!(await filesIn(dir)).includes('ca/http-ca-next.key'))
      await promote(dir)
      assert.deepEqual(
        (await filesIn(dir)).filter((name) => name.endsWith('.key')),
        [],
      )
    }))

  it('goes from a CA of the user to one that is made here', () =>
    inFolder(async (dir) => {
      await make(dir, 'http-ca', await ownCa(dir))
      await make(dir, 'http-ca-next')
      await promote(dir)
      const kept = await make(dir, 'http-ca')
      assert.equal(reasonOf(kept), 'CA "CN=Elasticsearch HTTP CA" is valid until 2032-02-28')
    }))
})
