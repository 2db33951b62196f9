import assert from 'node:assert/strict'
import fc from 'fast-check'
import { parseYaml, yamlValue, type YamlMap } from '../src/yaml-source.ts'

function valueOf(text: string): unknown {
  const { root, problems } = parseYaml(text, 'f.yml')
  assert.deepEqual(problems, [])
  return root === undefined ? null : yamlValue(root)
}

function problemsOf(text: string): readonly string[] {
  return parseYaml(text, 'f.yml').problems.map(
    ({ message, position }) => `${position?.line}:${position?.column} ${message}`,
  )
}

describe('parseYaml', () => {
  it('knows the place of every key and value', () => {
    const { root } = parseYaml('a: 1\nb:\n  - x\n  - {c: !unsafe "d"}\n', 'f.yml')
    const map = root as YamlMap
    assert.deepEqual(
      map.entries.map((entry) => [entry.key, entry.keyPosition.line, entry.keyPosition.column]),
      [
        ['a', 1, 1],
        ['b', 2, 1],
      ],
    )
    const list = map.entries[1]?.value
    assert.ok(list?.kind === 'list')
    const [first, second] = list.items
    assert.deepEqual(first?.position, { file: 'f.yml', line: 3, column: 5 })
    assert.ok(second?.kind === 'map')
    const inner = second.entries[0]?.value
    assert.ok(inner?.kind === 'scalar')
    assert.deepEqual([inner.value, inner.tag], ['d', '!unsafe'])
  })

  it('keeps the text of a vaulted value', () => {
    const { root } = parseYaml('a: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6162\n', 'f.yml')
    const value = (root as YamlMap).entries[0]?.value
    assert.ok(value?.kind === 'scalar')
    assert.deepEqual([value.tag, value.value], ['!vault', '$ANSIBLE_VAULT;1.1;AES256\n6162\n'])
  })

  it("resolves aliases and merges, in which the map's own keys win", () => {
    assert.deepEqual(valueOf('base: &b {x: 1, y: 2}\nuse:\n  <<: *b\n  y: 3\nlist: [*b]\n'), {
      base: { x: 1, y: 2 },
      use: { x: 1, y: 3 },
      list: [{ x: 1, y: 2 }],
    })
    assert.deepEqual(valueOf('a: &a {x: 1}\nb: &b {x: 2, z: 3}\nc: {<<: [*a, *b]}\n'), {
      a: { x: 1 },
      b: { x: 2, z: 3 },
      c: { x: 1, z: 3 },
    })
  })

  it('reads an empty file, a start marker, CRLF and a byte order mark', () => {
    for (const text of ['', '# only a comment\n', '---\n']) assert.equal(valueOf(text), null)
    assert.deepEqual(valueOf('---\r\na: 1\r\nb: x\r\n'), { a: 1, b: 'x' })
    assert.deepEqual(valueOf('\ufeffa: 1\n'), { a: 1 })
  })

  it('places what is wrong', () => {
    assert.match(problemsOf('a: 1\na: 2\n')[0] ?? '', /^2:1 Not valid YAML: .*unique/)
    assert.match(problemsOf('a: [1\nb: 2\n')[0] ?? '', /^2:\d+ Not valid YAML/)
    assert.match(problemsOf('a:\n\t- 1\n')[0] ?? '', /^2:\d+ Not valid YAML/)
    assert.match(problemsOf('a: 1\n---\nb: 2\n')[0] ?? '', /Only one YAML document/)
    assert.match(problemsOf('a: *nothing\n')[0] ?? '', /^1:4 Not valid YAML: the alias "\*nothing" has no anchor/)
    assert.match(problemsOf('a: &a [*a]\n')[0] ?? '', /the alias "\*a" contains itself/)
  })

  it('never throws, whatever the text', () => {
    const pieces = ['a', ':', ' ', '\n', '-', '{', '}', '[', ']', '"', "'", '&x', '*x', '!t', '|', '>', '#', '<<', '?']
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces, ',', '\t'), { maxLength: 30 }), (text) => {
        const { root, problems } = parseYaml(text.join(''), 'f.yml')
        if (problems.length === 0 && root !== undefined) yamlValue(root)
      }),
      { numRuns: 500 },
    )
  })
})
