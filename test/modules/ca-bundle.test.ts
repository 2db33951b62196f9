import assert from 'node:assert/strict'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { caBundle } from '../../src/modules/ca-bundle.ts'
import { issueAuthority } from '../../src/pki/issue.ts'
import { reasonOf, runHere } from '../support/controller-task.ts'
import { inFolder, now, testAuthority } from '../support/test-ca.ts'

describe('ca_bundle', () => {
  it('holds every CA once, readable for all, and is kept', () =>
    inFolder(async (folder) => {
      const first = (await testAuthority()).certificate.toString()
      const second = (
        await issueAuthority({ commonName: 'New CA', days: 10, keyBits: 2048, now })
      ).certificate.toString()
      await writeFile(join(folder, 'a.crt'), `# the old one\n${first}`)
      await writeFile(join(folder, 'b.crt'), second + first)
      const dest = join(folder, 'pki/elasticsearch-ca.pem')
      const values = { certificates: [join(folder, 'a.crt'), join(folder, 'b.crt')], dest }
      const made = await runHere(caBundle, values, now)
      assert.equal(reasonOf(made), 'bundle of CN=Test CA until 2029-11-25; CN=New CA until 2027-03-11')
      assert.equal(await readFile(dest, 'utf8'), first + second)
      assert.equal((await stat(dest)).mode & 0o777, 0o644)
      assert.equal((await runHere(caBundle, values, now)).kind, 'keep')
      const fewer = await runHere(caBundle, { ...values, certificates: [join(folder, 'a.crt')] }, now)
      assert.ok(fewer.kind === 'change')
      assert.equal(fewer.change.diff?.before, 'CN=Test CA until 2029-11-25\nCN=New CA until 2027-03-11\n')
      assert.equal(fewer.change.diff.after, 'CN=Test CA until 2029-11-25\n')
    }))

  it('holds a CA to come as long as there is one', () =>
    inFolder(async (folder) => {
      const [current, next, dest] = ['a.crt', 'a-next.crt', 'bundle.pem'].map((name) => join(folder, name))
      const pem = (await testAuthority()).certificate.toString()
      const other = (
        await issueAuthority({ commonName: 'New CA', days: 10, keyBits: 2048, now })
      ).certificate.toString()
      await writeFile(current!, pem)
      const values = { certificates: [current], if_present: [next], dest }
      await runHere(caBundle, values, now)
      assert.equal(await readFile(dest!, 'utf8'), pem)
      await writeFile(next!, other)
      await runHere(caBundle, values, now)
      assert.equal(await readFile(dest!, 'utf8'), pem + other)
    }))

  it('refuses a file without a certificate', () =>
    inFolder(async (folder) => {
      await writeFile(join(folder, 'empty.crt'), '')
      for (const name of ['empty.crt', 'none.crt']) {
        const values = { certificates: [join(folder, name)], dest: join(folder, 'x.pem') }
        await assert.rejects(runHere(caBundle, values, now), {
          message: `There is no certificate in "${folder}/${name}"`,
        })
      }
    }))
})
