import assert from 'node:assert/strict'
import fc from 'fast-check'
import { pythonText } from '../../src/inventory/python-text.ts'
import { UnsafeText } from '../../src/inventory/unsafe-text.ts'
import { yamlText } from '../../src/inventory/yaml-text.ts'
import { Secret } from '../../src/secrets/secret.ts'
import { parseYaml, yamlValue } from '../../src/yaml-source.ts'

const words = fc.constantFrom('yes', 'y', 'null', '~', '1e3', '0644', '1:30', '- a', 'a: b', '# c', '{{ x }}', "it's", '', ' a ', 'a\nb', 'é', '2024-01-01', '%x', '@y', '`z', '!t', '&a', '*b', '.5', '1_000', 'a #b', '---', '<<', '=')

describe('yamlText', () => {
  it('is read back as the value it was made of', () => {
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small' },
        fc.oneof(words, fc.string(), fc.integer(), fc.boolean(), fc.constant(null)),
        fc.array(tie('tree')),
        fc.dictionary(fc.oneof(words.filter((word) => word !== '<<'), fc.string()), tie('tree')),
      ),
    }))
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('a', 'b', 'c'), tree, { minKeys: 1 }), (value) => {
        const text = yamlText(value)
        const { root, problems } = parseYaml(text, 'text')
        assert.deepEqual(problems, [], text)
        assert.equal(JSON.stringify(yamlValue(root!)), JSON.stringify(value), text)
      }),
      { numRuns: 500 },
    )
  })

  it('writes block style with lists as far left as their key', () => {
    assert.equal(yamlText({ a: [1, { b: 'x', c: [] }], d: {}, e: { f: null } }), 'a:\n- 1\n- b: x\n  c: []\nd: {}\ne:\n  f: null\n')
  })
})

describe('pythonText', () => {
  it('prints values as Python does', () => {
    const value = { a: [1, 1.5, true, null, "it's", 'say "hi"', `both ' and "`], b: { c: 'x\n\\' } }
    assert.equal(
      pythonText(value),
      `{'a': [1, 1.5, True, None, "it's", 'say "hi"', 'both \\' and "'], 'b': {'c': 'x\\n\\\\'}}`,
    )
    assert.equal(pythonText('text as it is'), 'text as it is')
  })

  it('masks secrets', () => {
    assert.equal(pythonText([new Secret('hidden'), new UnsafeText('{{ x }}')]), "[********, '{{ x }}']")
  })
})
