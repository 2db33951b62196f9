import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { ChangeDigests } from '../../../src/engine/plan/change-digest.ts'
import { PlanKey } from '../../../src/engine/plan/plan-key.ts'
import type { Effect } from '../../../src/modules/effect.ts'
import { copy } from '../../../src/modules/copy.ts'
import type { Module } from '../../../src/modules/module.ts'
import { storedPassword } from '../../../src/modules/stored-password.ts'
import { transportTrust } from '../../../src/modules/transport-trust.ts'
import { openVault } from '../../../src/secrets/ansible-vault.ts'
import { Secret } from '../../../src/secrets/secret.ts'
import { passwordFromText } from '../../../src/secrets/vault-password.ts'

const vault = openVault([passwordFromText('default', new Secret('right'))])
const key = PlanKey.create(vault)
const onHost = copy as Module
const onController = storedPassword as Module

const write = (path: string, content: Buffer | Secret, more = {}): Effect => ({
  kind: 'write-file',
  path,
  content,
  ...more,
})

/** The digests of changes, each of one effect, in one run. */
function digests(...changes: readonly (readonly [Module, Effect])[]): readonly string[] {
  const run = new ChangeDigests(key, vault)
  return changes.map(([module, effect]) =>
    run.of({ module, args: {}, item: undefined, change: { summary: '', effects: [effect] } }),
  )
}

describe('the digest of a change', () => {
  it('is the same for the same change, and another for every other byte, owner, mode or path', () => {
    const content = fc.uint8Array({ minLength: 1, maxLength: 40 })
    fc.assert(
      fc.property(content, content, (one, other) => {
        const of = (bytes: Uint8Array) => digests([onHost, write('/etc/a', Buffer.from(bytes))])[0]
        assert.equal(of(one) === of(other), Buffer.from(one).equals(other))
      }),
    )
    const all = [
      write('/etc/a', Buffer.from('x')),
      write('/etc/b', Buffer.from('x')),
      write('/etc/a', Buffer.from('x'), { mode: 0o600 }),
      write('/etc/a', Buffer.from('x'), { owner: 'root' }),
      write('/etc/a', Buffer.from('x'), { validate: 'true %s' }),
    ].map((effect) => digests([onHost, effect])[0])
    assert.equal(new Set(all).size, all.length)
  })

  it('is of what was asked for, where a module writes on a host what it makes at random', () => {
    const of = (path: string) => digests([transportTrust, write(path, new Secret(randomBytes(40)))])[0]
    assert.equal(of('/etc/k.p12'), of('/etc/k.p12'))
    assert.notEqual(of('/etc/k.p12'), of('/etc/other.p12'))
  })

  it('is of the value of a secret, wherever it stands', () => {
    const keystore = (value: string): Effect => ({
      ...{ kind: 'change-keystore', path: '/etc/e.keystore', remove: [], script: 'true', stdin: new Secret('') },
      set: new Map([['password', new Secret(value)]]),
    })
    const of = (effect: Effect) => digests([onHost, effect])[0]
    assert.equal(of(keystore('one')), of(keystore('one')))
    assert.notEqual(of(keystore('one')), of(keystore('two')))
    assert.notEqual(of(write('/a', new Secret('one'))), of(write('/a', new Secret('two'))))
  })

  it('takes what the controller makes at random by its name, also where it is a part of something else', () => {
    const run = () => {
      const [password, store] = [randomBytes(12).toString('hex'), randomBytes(64)]
      return digests(
        [onController, write('/pki/password', Buffer.from(vault.encrypt(new Secret(password))))],
        [onController, write('/pki/http.p12', Buffer.from(vault.encrypt(new Secret(store))))],
        [onHost, write('/etc/http.p12', new Secret(store))],
        [onHost, write('/etc/settings', Buffer.from(`user: u\npassword: ${password}\n`))],
      )
    }
    assert.deepEqual(run(), run())
  })

  it('knows a certificate that was made in a bundle with others', () => {
    const pem = () => `-----BEGIN CERTIFICATE-----\n${randomBytes(48).toString('base64')}\n-----END CERTIFICATE-----`
    const old = pem()
    const bundle = (known: string, made: string) =>
      digests(
        [onController, write('/pki/next.crt', Buffer.from(`${made}\n`))],
        [onHost, write('/etc/ca.pem', Buffer.from(`${known}\n${made}`))],
      )[1]
    assert.equal(bundle(old, pem()), bundle(old, pem()))
    assert.notEqual(bundle(old, pem()), bundle(pem(), pem()))
  })

  it('is the same whether a folder is there already for what the controller makes', () => {
    const of = (effects: readonly Effect[]) =>
      new ChangeDigests(key, vault).of({
        ...{ module: onController, args: {}, item: undefined },
        change: { summary: '', effects },
      })
    const folder: Effect = { kind: 'make-directory', path: '/pki', mode: 0o755 }
    assert.equal(of([folder, write('/pki/a', randomBytes(64))]), of([write('/pki/a', randomBytes(64))]))
    assert.notEqual(of([folder, write('/pki/a', randomBytes(64))]), of([write('/pki/b', randomBytes(64))]))
  })

  it('does not take one made value for another', () => {
    const [one, other] = [randomBytes(64), randomBytes(64)]
    const made = [
      [onController, write('/pki/one', one)],
      [onController, write('/pki/other', other)],
    ] as const
    const placed = (content: Buffer) => digests(...made, [onHost, write('/etc/a', content)]).at(-1)
    assert.notEqual(placed(one), placed(other))
    assert.notEqual(placed(one), placed(randomBytes(64)))
  })

  it('is for what the controller makes that of what was asked for', () => {
    const of = (days: number) =>
      new ChangeDigests(key, vault).of({
        ...{ module: onController, args: { days }, item: undefined },
        change: { summary: '', effects: [write('/pki/a.crt', randomBytes(64))] },
      })
    assert.equal(of(365), of(365))
    assert.notEqual(of(365), of(366))
  })
})
