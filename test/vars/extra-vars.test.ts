import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { UsageError } from '../../src/errors.ts'
import { UnsafeText } from '../../src/inventory/unsafe-text.ts'
import { Secret } from '../../src/secrets/secret.ts'
import type { Vault } from '../../src/secrets/vault.ts'
import { parseExtraVars } from '../../src/vars/extra-vars.ts'
import { keyValue, splitArgumentWords } from '../../src/vars/key-values.ts'

const vault: Vault = {
  isEncrypted: (text) => text.toString().startsWith('$ANSIBLE_VAULT'),
  decrypt: () => new Secret('opened: yes\n'),
  encrypt: () => '',
}

function parse(...given: readonly string[]) {
  return parseExtraVars(given, { folder: '/', vault })
}

describe('parseExtraVars', () => {
  it('gives texts for key=value and types for JSON and YAML', () => {
    assert.deepEqual(parse('a=1 b=yes'), { a: '1', b: 'yes' })
    assert.deepEqual(parse('{"a": 1, "b": true}'), { a: 1, b: true })
    assert.deepEqual(parse('{a: 1, b: yes}'), { a: 1, b: true })
  })

  it('keeps quoted words and templates together', () => {
    assert.deepEqual(parse(`a='x y' b="it's" c={{ d | default('e f') }}`), {
      a: 'x y',
      b: "it's",
      c: "{{ d | default('e f') }}",
    })
    assert.deepEqual(parse('url=http://x/?a=b&c=d'), { url: 'http://x/?a=b&c=d' })
  })

  it('lets later ones win', () => {
    assert.deepEqual(parse('a=1', '{"a": 2}', 'b=3'), { a: 2, b: '3' })
  })

  it('reads files, vaulted ones as well', () => {
    const folder = mkdtempSync(join(tmpdir(), 'elkseal-extra-'))
    try {
      writeFileSync(join(folder, 'plain.yml'), 'a: [1, 2]\nb: !unsafe "{{ x }}"\n')
      writeFileSync(join(folder, 'vaulted.yml'), '$ANSIBLE_VAULT;1.1;AES256\n00\n')
      const found = parseExtraVars(['@plain.yml', '@vaulted.yml'], { folder, vault })
      assert.deepEqual(found['a'], [1, 2])
      assert.ok(found['b'] instanceof UnsafeText)
      assert.equal(found['opened'], true)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('refuses what is none of these, by name', () => {
    assert.throws(() => parse('alone'), /"alone" is no variable/)
    assert.throws(() => parse('a="x'), UsageError)
    assert.throws(() => parse('[1]'), UsageError)
    assert.throws(() => parse('{a: '), UsageError)
    assert.throws(() => parse('@/no/such/file'), /Cannot read the file "\/no\/such\/file"/)
  })
})

describe('key=value words', () => {
  const key = fc.stringMatching(/^[a-z_][a-z0-9_]{0,8}$/)
  const value = fc.string({ unit: 'grapheme-ascii', maxLength: 20 }).filter((text) => !/["\\{]/.test(text))

  it('give back every pair that was written in quotes', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(key, value), { selector: ([name]) => name }), (pairs) => {
        const words = splitArgumentWords(pairs.map(([name, text]) => `${name}="${text}"`).join('  '))
        assert.ok(Array.isArray(words))
        const found = words.map((word: string) => keyValue(word))
        assert.deepEqual(
          found,
          pairs.map(([name, text]) => ({ key: name, value: text })),
        )
      }),
    )
  })

  it('lose no character but the spaces between them', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const words = splitArgumentWords(text)
        if ('problem' in words) return
        assert.equal(words.join('').replace(/\s/g, ''), text.replace(/\s/g, ''))
      }),
    )
  })
})
