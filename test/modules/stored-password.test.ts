import assert from 'node:assert/strict'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { storedPassword } from '../../src/modules/stored-password.ts'
import { Secret } from '../../src/secrets/secret.ts'
import { opened, runHere, testVault } from '../support/controller-task.ts'
import { inFolder, now } from '../support/test-ca.ts'

describe('stored_password', () => {
  const run = async (values: Record<string, unknown>) => {
    const decision = await runHere(storedPassword, values, now)
    const value = decision.result?.['value']
    assert.ok(value instanceof Secret)
    return { kind: decision.kind, value: value.reveal() }
  }

  it('makes a password once and keeps it vaulted', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'pki/http-p12-password')
      const made = await run({ path, length: '20' })
      assert.equal(made.kind, 'change')
      assert.match(made.value, /^[A-Za-z0-9]{20}$/)
      assert.match(await readFile(path, 'utf8'), /^\$ANSIBLE_VAULT;/)
      assert.equal((await stat(path)).mode & 0o777, 0o600)
      assert.equal((await opened(path)).reveal(), made.value)
      assert.deepEqual(await run({ path }), { kind: 'keep', value: made.value })
    }))

  it('stores a given password in place of another', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'p')
      await run({ path })
      assert.deepEqual(await run({ path, value: 'given password' }), { kind: 'change', value: 'given password' })
      assert.deepEqual(await run({ path, value: new Secret('given password') }), {
        kind: 'keep',
        value: 'given password',
      })
      assert.deepEqual(await run({ path }), { kind: 'keep', value: 'given password' })
    }))

  it('takes a file that ansible-vault encrypted from an editor', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'p')
      await writeFile(path, testVault.encrypt(new Secret('typed by hand\n')))
      assert.deepEqual(await run({ path }), { kind: 'keep', value: 'typed by hand' })
    }))

  it('refuses a plain file and a short length', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'p')
      await assert.rejects(run({ path, length: 6 }), { message: 'A password of 6 characters is too short' })
      await writeFile(path, 'plain')
      await assert.rejects(run({ path }), { message: `The password in "${path}" is not vault-encrypted` })
    }))
})
