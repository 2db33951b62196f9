import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { openVault } from '../../src/secrets/ansible-vault.ts'
import { Redactor } from '../../src/secrets/redactor.ts'
import { SecretError } from '../../src/secrets/secret-error.ts'
import { Secret } from '../../src/secrets/secret.ts'
import {
  createVaultPasswordFile,
  passwordFromFile,
  passwordFromPrompt,
  passwordFromText,
} from '../../src/secrets/vault-password.ts'
import { VaultedValue } from '../../src/secrets/vaulted-value.ts'
import { ansibleBin, needsAnsible } from '../support/ansible.ts'

const password = new Secret('correct horse')

describe('openVault', () => {
  let folder = ''

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'elkseal-vault-'))
  })

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true })
  })

  const file = (name: string, text: string, mode = 0o600): string => {
    const path = join(folder, name)
    writeFileSync(path, text)
    chmodSync(path, mode)
    return path
  }

  describe('with the real ansible-vault', function () {
    this.timeout(60_000)

    const ansibleVault = (words: readonly string[], input = ''): string => {
      const run = spawnSync(ansibleBin('ansible-vault'), words, { encoding: 'utf8', input })
      assert.equal(run.status, 0, run.stderr)
      return run.stdout
    }

    for (const id of ['default', 'prod']) {
      it(`reads what it wrote with the vault id ${id}`, function () {
        needsAnsible(this)
        const secret = file('password', 'correct horse\n')
        const text = 'päss: "word"\n\0\x01 and a tail of spaces   \n'
        const words = ['encrypt', '--vault-id', `${id}@${secret}`, '--encrypt-vault-id', id, '--output', '-']
        const envelope = ansibleVault(words, text)
        assert.match(
          envelope,
          id === 'default' ? /^\$ANSIBLE_VAULT;1\.1;AES256\n/ : /^\$ANSIBLE_VAULT;1\.2;AES256;prod\n/,
        )
        assert.equal(
          openVault([passwordFromFile(id, secret)])
            .decrypt(envelope, 'a file')
            .reveal(),
          text,
        )
      })

      it(`writes what it can read with the vault id ${id}`, function () {
        needsAnsible(this)
        const secret = file('password', 'correct horse\n')
        for (const text of ['', 'x', 'sixteen bytes.. ', 'päss\n'.repeat(100)]) {
          const envelope = openVault([passwordFromText(id, password)]).encrypt(new Secret(text))
          const words = ['decrypt', '--vault-id', `${id}@${secret}`, '--output', '-', file('sealed', envelope)]
          assert.equal(ansibleVault(words), text)
        }
      })
    }
  })

  it('opens what it sealed, whatever the text', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.constantFrom('default', 'prod', 'a b'), (bytes, id) => {
        const vault = openVault([passwordFromText(id, password)])
        const envelope = vault.encrypt(new Secret(Buffer.from(bytes)))
        assert.ok(envelope.split('\n').every((line) => line.length <= 80))
        assert.deepEqual(vault.decrypt(envelope, 'it').revealBytes(), Buffer.from(bytes))
      }),
      { numRuns: 30 },
    )
  })

  it('opens an envelope that was indented, has CRLF line ends and blanks around it', () => {
    const vault = openVault([passwordFromText('default', password)])
    const envelope = vault.encrypt(new Secret('hidden'))
    const mangled = `\r\n${envelope.replaceAll(/^/gm, '    ').replaceAll('\n', '\r\n')}  `
    assert.equal(vault.decrypt(mangled.trimStart(), 'it').reveal(), 'hidden')
  })

  it('tries the password with the matching id first, then all others', () => {
    const order: string[] = []
    const source = (id: string, text: string) => ({
      id,
      description: id,
      read: () => {
        order.push(id)
        return new Secret(text)
      },
    })
    const envelope = openVault([passwordFromText('b', new Secret('pb'))]).encrypt(new Secret('hidden'))
    const vault = openVault([source('a', 'pa'), source('b', 'pb')])
    assert.equal(vault.decrypt(envelope, 'it').reveal(), 'hidden')
    assert.deepEqual(order, ['b'])
    const renamed = openVault([source('c', 'pc'), source('d', 'pb')])
    assert.equal(renamed.decrypt(envelope, 'it').reveal(), 'hidden')
    assert.deepEqual(order, ['b', 'c', 'd'])
  })

  it('asks for the password only when a value is revealed, and once', () => {
    const prompts: string[] = []
    const ask = (prompt: string) => {
      prompts.push(prompt)
      return ' correct horse \n'
    }
    const vault = openVault([passwordFromPrompt('default', ask)])
    const envelope = openVault([passwordFromText('default', password)]).encrypt(new Secret('hidden'))
    const values = [1, 2].map(() => new VaultedValue(envelope, vault, 'a value'))
    assert.deepEqual(prompts, [])
    assert.deepEqual(
      values.map((value) => value.reveal()),
      ['hidden', 'hidden'],
    )
    assert.deepEqual(prompts, ['Vault password: '])
  })

  it('runs an executable password file, and tells a -client which id is wanted', () => {
    const script = file('ask-client.sh', '#!/bin/sh\n[ "$1" = --vault-id ] && printf "%s-password\\n" "$2"\n', 0o700)
    const envelope = openVault([passwordFromText('x', new Secret('prod-password'))]).encrypt(new Secret('hidden'))
    assert.equal(
      openVault([passwordFromFile('prod', script)])
        .decrypt(envelope, 'it')
        .reveal(),
      'hidden',
    )
  })

  it('names the value and the sources tried when no password opens it', () => {
    const envelope = openVault([passwordFromText('prod', password)]).encrypt(new Secret('hidden'))
    const wrong = file('wrong', 'not it\n')
    assert.throws(
      () => openVault([passwordFromFile('default', wrong)]).decrypt(envelope, '"elastic_password" (vars.yml:3:1)'),
      (error) =>
        error instanceof SecretError &&
        error.message === 'No known vault password opens "elastic_password" (vars.yml:3:1) (vault id "prod")' &&
        error.hint === `Tried: "${wrong}"`,
    )
  })

  it('says so when there is no password at all', () => {
    const envelope = openVault([passwordFromText('default', password)]).encrypt(new Secret('hidden'))
    assert.throws(() => openVault([]).decrypt(envelope, '"x"'), /"x" is encrypted and no vault password is known/)
    assert.throws(() => openVault([]).encrypt(password), SecretError)
  })

  it('refuses an envelope that was cut or changed', () => {
    const vault = openVault([passwordFromText('default', password)])
    const envelope = vault.encrypt(new Secret('hidden'))
    for (const broken of [
      envelope.slice(0, 100),
      envelope.replace('1.1', '1.3'),
      envelope.replace('AES256', 'AES'),
      '$ANSIBLE_VAULT;1.1;AES256\n',
      '$ANSIBLE_VAULT',
    ]) {
      assert.throws(() => vault.decrypt(broken, '"x"'), /"x" is not a complete Ansible Vault text/)
    }
    const [header = '', ...lines] = envelope.trim().split('\n')
    const inner = Buffer.from(lines.join(''), 'hex').toString()
    const flipped = inner.slice(0, -1) + (inner.endsWith('0') ? '1' : '0')
    assert.throws(
      () => vault.decrypt(`${header}\n${Buffer.from(flipped).toString('hex')}`, '"x"'),
      /No known vault password/,
    )
  })

  it('refuses an empty password, an unreadable file and a programme that fails', () => {
    const envelope = openVault([passwordFromText('default', password)]).encrypt(new Secret('hidden'))
    const open = (path: string) => () => openVault([passwordFromFile('default', path)]).decrypt(envelope, 'it')
    assert.throws(open(file('empty', ' \n')), /is empty/)
    assert.throws(open(join(folder, 'missing')), /cannot be read/)
    assert.throws(open(file('fails', '#!/bin/sh\nexit 3\n', 0o700)), /gave no password/)
  })

  it('teaches the redactor the password and every value', () => {
    const redactor = new Redactor()
    const envelope = openVault([passwordFromText('default', password)]).encrypt(new Secret('hidden value'))
    openVault([passwordFromText('default', password)], redactor).decrypt(envelope, 'it')
    assert.equal(redactor.redact('hidden value, correct horse'), '********, ********')
  })

  it('makes a password file that only its owner reads, and keeps one that is there', () => {
    const path = join(folder, 'config', 'vault-password')
    assert.equal(createVaultPasswordFile(path), true)
    const text = readFileSync(path, 'utf8')
    assert.match(text, /^[\w-]{43}\n$/)
    assert.equal(statSync(path).mode & 0o777, 0o600)
    assert.equal(createVaultPasswordFile(path), false)
    assert.equal(readFileSync(path, 'utf8'), text)
  })
})
