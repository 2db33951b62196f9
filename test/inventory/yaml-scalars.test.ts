import assert from 'node:assert/strict'
import { parseYaml, yamlValue } from '../../src/yaml-source.ts'

function valueOf(text: string): unknown {
  const { root, problems } = parseYaml(text, 'file.yml')
  assert.deepEqual(problems, [])
  return root === undefined ? undefined : yamlValue(root)
}

describe('parseYaml, as inventories need it', () => {
  it('reads plain words as PyYAML does, where YAML 1.1 parsers differ', () => {
    const read: readonly (readonly [string, unknown])[] = [
      ...(['yes', 'On', 'TRUE'] as const).map((word) => [word, true] as const),
      ...(['no', 'Off', 'false'] as const).map((word) => [word, false] as const),
      ...['y', 'N', 'yEs', '08', '1e3', '1.5e3', '0o17', '2024-01-01', '9.5.0', '_1', '10.0.0.1'].map(
        (word) => [word, word] as const,
      ),
      ...([
        ['010', 8],
        ['-017', -15],
        ['0x1F', 31],
        ['0b11', 3],
        ['1_000', 1000],
        ['1:30', 90],
        ['+12', 12],
      ] as const),
      ...([
        ['1.10', 1.1],
        ['.5', 0.5],
        ['1.5e+3', 1500],
        ['1:30.5', 90.5],
        ['-.inf', -Infinity],
      ] as const),
      ['~', null],
      ['0', 0],
    ]
    for (const [word, value] of read) assert.deepEqual([word, valueOf(word)], [word, value])
  })

  it('keeps the digits of a number that is too large for ours', () => {
    assert.equal(valueOf('12345678901234567890'), '12345678901234567890')
    assert.equal(valueOf('-9007199254740993'), '-9007199254740993')
    assert.equal(valueOf('9007199254740991'), 9007199254740991)
  })

  it('puts merged keys first, and lets own keys win', () => {
    const value = valueOf('base: &base {x: 1, y: 2}\nmore: {y: 3, <<: *base, z: 4}\n') as Record<string, unknown>
    assert.equal(JSON.stringify(value['more']), '{"x":1,"y":3,"z":4}')
  })

  it('keeps the tags of Ansible, with the position of the value', () => {
    const { root } = parseYaml('a: !unsafe "{{ x }}"\nb: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n', 'file.yml')
    assert.ok(root?.kind === 'map')
    assert.deepEqual(
      root.entries.map(({ value }) => (value.kind === 'scalar' ? [value.tag, value.value, value.position.line] : [])),
      [
        ['!unsafe', '{{ x }}', 1],
        ['!vault', '$ANSIBLE_VAULT;1.1;AES256\n', 2],
      ],
    )
  })

  it('returns what is wrong with its place, and no tree', () => {
    const { root, problems } = parseYaml('a: 1\nb: [1\na: 2\n', 'file.yml')
    assert.equal(root, undefined)
    assert.ok(
      problems.length > 0 && problems.every(({ position }) => position?.file === 'file.yml' && position.line >= 2),
    )
  })
})
