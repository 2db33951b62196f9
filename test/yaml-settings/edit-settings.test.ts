import assert from 'node:assert/strict'
import fc from 'fast-check'
import { InputError, TaskError } from '../../src/errors.ts'
import { editSettings } from '../../src/yaml-settings/edit-settings.ts'
import { readSettings } from '../../src/yaml-settings/read-settings.ts'
import type { SettingValue } from '../../src/yaml-settings/setting-value.ts'

const file = 'ek1:/etc/elasticsearch/elasticsearch.yml'

function edit(text: string, changes: Record<string, SettingValue | undefined>): string {
  return editSettings(text, changes, file).text
}

function problemsOf(run: () => unknown): InputError['problems'] {
  try {
    run()
  } catch (error) {
    if (error instanceof InputError) return error.problems
    throw error
  }
  return assert.fail('no problem was found')
}

const packaged = `# ======================== Elasticsearch Configuration =========================
cluster.name:   lab   # aligned
node.name: "ek1"
permissions: 0640
big: 12345678901234567890
discovery.seed_hosts: ["a", "b",
   "c"]
xpack.security:
    enabled: true       # four blanks
    transport.ssl:
        enabled: true

# the end
`

describe('editing a settings file', () => {
  describe('reading settings', () => {
    it('gives dotted names for dotted, nested and mixed spellings', () => {
      const { settings, problems } = readSettings('a.b: 1\nc:\n  d.e: {f: x, g.h: yes}\nl: [1, two]\nn:\n', file)
      assert.deepEqual(problems, [])
      assert.deepEqual(
        [...settings.values()].map(({ name, value, text }) => [name, value, text]),
        [
          ['a.b', 1, '1'],
          ['c.d.e.f', 'x', 'x'],
          ['c.d.e.g.h', true, 'yes'],
          ['l', [1, 'two'], undefined],
          ['n', null, ''],
        ],
      )
    })

    it('reads an empty file and one of comments as no settings', () => {
      for (const text of ['', '# a: 1\n', '---\n', '\ufeff']) {
        assert.deepEqual([...readSettings(text, file).settings], [], JSON.stringify(text))
      }
    })

    it('says where each setting stands', () => {
      const setting = readSettings(packaged, file).settings.get('xpack.security.transport.ssl.enabled')
      assert.deepEqual(setting?.position, { file, line: 11, column: 9 })
    })

    it('reads what an alias and a merge key bring in', () => {
      const { settings } = readSettings('base: &b {x: 1}\ncopy: *b\nall:\n  <<: *b\n  y: 2\n', file)
      assert.deepEqual([...settings.keys()], ['base.x', 'copy.x', 'all.x', 'all.y'])
    })
  })

  describe('settings that stand twice', () => {
    it('are a problem with both lines, in equal and in mixed spellings', () => {
      const texts = ['a.b: 1\n# c\na.b: 1\n', 'a:\n  b: 1\na.b: 2\n', 'a: {b: 1}\n#\na: {b: 2}\n']
      for (const text of texts) {
        const [problem] = problemsOf(() => edit(text, { z: 1 }))
        assert.equal(
          problem?.message,
          `"a.b" is set twice, in lines 1 and 3`.replace('1 and', text.startsWith('a:\n') ? '2 and' : '1 and'),
        )
        assert.equal(problem.position?.line, 3)
      }
    })
  })

  describe('broken files', () => {
    it('are problems with their position', () => {
      const cases: readonly (readonly [string, number])[] = [
        ['a: 1\n\tb: 2\n', 2],
        ['a: 1\nb: [1, 2\n', 3],
        ['a: 1\nb:\tc\n', 2],
        ['a: 1\n---\nb: 2\n', 2],
        ['- a\n', 1],
        ['just text\n', 1],
      ]
      for (const [text, line] of cases) {
        const [problem] = problemsOf(() => edit(text, { z: 1 }))
        assert.equal(problem?.position?.line, line, text)
        assert.equal(problem.position.file, file)
      }
    })
  })

  describe('editing', () => {
    it('keeps everything but the values it was given', () => {
      const text = edit(packaged, {
        'xpack.security.enabled': false,
        'cluster.name': 'prod',
        'xpack.security.transport.ssl.enabled': 'true',
      })
      assert.equal(text, packaged.replace('lab', 'prod').replace('enabled: true  ', 'enabled: false  '))
    })

    it('changes nothing when the value is the same, whatever its quotes', () => {
      const text = 'a: "true"\nb: 9200\nc: [x, "y"]\n'
      const result = editSettings(text, { a: true, b: '9200', c: ['x', 'y'], d: undefined }, file)
      assert.deepEqual(result, { text, changed: [] })
    })

    it('rewrites a value that only looks the same to some readers', () => {
      assert.equal(edit('a: yes\nb: 0640\n', { a: true, b: 640 }), 'a: true\nb: 640\n')
    })

    it('puts a new setting beside its relatives, else at the end', () => {
      const text = 'xpack.security.enabled: true # c\n\n# other\nnode.name: a\n# end\n'
      const result = editSettings(text, { 'xpack.security.http.ssl.enabled': true, 'action.x': 'http.p12' }, file)
      assert.equal(
        result.text,
        'xpack.security.enabled: true # c\nxpack.security.http.ssl.enabled: true\n\n# other\nnode.name: a\n# end\naction.x: http.p12\n',
      )
      assert.deepEqual(result.changed, ['xpack.security.http.ssl.enabled', 'action.x'])
    })

    it('puts a new setting behind a nested group of relatives, at the left', () => {
      assert.equal(
        edit('x:\n  y.a: 1\n  y.b: [1,\n    2]\nz: 3', { 'x.y.c': 1 }),
        'x:\n  y.a: 1\n  y.b: [1,\n    2]\nx.y.c: 1\nz: 3',
      )
    })

    it('adds to files that are empty, without a last line end, closed, or one flow map', () => {
      assert.equal(edit('', { a: 1 }), 'a: 1\n')
      assert.equal(edit('# c', { a: 1 }), '# c\na: 1')
      assert.equal(edit('b: 1', { a: 1 }), 'b: 1\na: 1')
      assert.equal(edit('b: 1\n...\n', { a: 1 }), 'b: 1\na: 1\n...\n')
      assert.equal(edit('---\n', { a: 1 }), '---\na: 1\n')
      assert.equal(edit('{b: 1}\n', { a: 1 }), '{a: 1, b: 1}\n')
      assert.equal(edit('  b: 1\n  c: 2\n', { a: 1 }), '  b: 1\n  c: 2\n  a: 1\n')
      assert.equal(edit('\ufeffb: 1\n', { a: 1, b: 2 }), '\ufeffb: 2\na: 1\n')
    })

    it('keeps CR LF line ends', () => {
      const text = 'a: 1\r\nl:\r\n  - x\r\n  - y\r\n# c\r\n'
      assert.equal(edit(text, { a: 2, l: ['z'], n: 'm' }), 'a: 2\r\nl: [z]\r\n# c\r\nn: m\r\n')
    })

    it('replaces lists of lines, block text and settings without a value', () => {
      assert.equal(edit('l: # why\n  - a # z\n  - b\n\n# end\nm: 1\n', { l: ['c'] }), 'l: [c] # why\n\n# end\nm: 1\n')
      assert.equal(edit('l:\n- a\n- b', { l: ['c'] }), 'l: [c]')
      assert.equal(edit('t: |\n  one\n  two\nm: 1\n', { t: 'x' }), 't: x\nm: 1\n')
      assert.equal(edit('n:\nm: 1\n', { n: 'x' }), 'n: x\nm: 1\n')
      assert.equal(edit('n: # why\nm: 1\n', { n: 'x' }), 'n: x # why\nm: 1\n')
      assert.equal(edit('a: {x: , y}\n', { 'a.x': 1, 'a.y': 2 }), 'a: {x: 1 , y: 2}\n')
    })

    it('removes settings with their line, and groups that are left empty', () => {
      assert.equal(edit('a: 1\nb: 2 # c\nc: 3\n', { b: undefined }), 'a: 1\nc: 3\n')
      assert.equal(edit('a:\n  b:\n    c: 1\nd: 2\n', { 'a.b.c': undefined }), 'd: 2\n')
      assert.equal(edit('l:\n  - a\n  - b\nd: 2\n', { l: undefined }), 'd: 2\n')
      assert.equal(edit('a: {b: 1, c: 2, d: 3}\n', { 'a.b': undefined, 'a.d': undefined }), 'a: {c: 2}\n')
      assert.equal(edit('a: 1\nb: 2', { b: undefined }), 'a: 1')
      assert.equal(edit('a: 1\n', { a: undefined }), '')
      assert.equal(edit('\ufeffa: 1\r\nb: 2\r\n', { a: undefined }), '\ufeffb: 2\r\n')
    })

    it('quotes what a YAML reader would take for something else', () => {
      const values = [
        'yes',
        'true',
        '0640',
        '1e3',
        'a: b',
        'a #b',
        ' x',
        '',
        'null',
        '~',
        '12:30',
        '2026-01-01',
        'ä\u0085"\\',
      ]
      for (const value of values) {
        const text = edit('', { v: value })
        assert.equal(readSettings(text, file).settings.get('v')?.value, value, text)
      }
    })

    it('refuses a value for a group, and what is written with an anchor, an alias or a tag', () => {
      assert.match(problemsOf(() => edit('a:\n  b: 1\n', { a: 1 }))[0]?.message ?? '', /"a" is a group/)
      for (const text of [
        'a: &x 1\nb: 2\n',
        'b: &x 1\na: *x\n',
        'a: !!str 1\n',
        '? a\n: 1\n',
        'b: &x {a: 1}\n<<: *x\n',
      ]) {
        assert.match(problemsOf(() => edit(text, { a: 5 }))[0]?.message ?? '', /by hand/, text)
      }
    })

    it('stops when an edit would disturb other settings', () => {
      assert.throws(() => edit('a: &x\n  b: 1\nc: *x\n', { 'a.b': 2 }), TaskError)
    })
  })

  describe('for any file', () => {
    const word = fc.stringMatching(/^[a-z][a-z0-9_]{0,5}$/)
    const name = fc.array(word, { minLength: 1, maxLength: 3 }).map((words) => words.join('.'))
    const scalar: fc.Arbitrary<SettingValue> = fc.oneof(
      fc.boolean(),
      fc.integer(),
      fc.string({ unit: 'grapheme', maxLength: 12 }),
      fc.constant(null),
    )
    const value: fc.Arbitrary<SettingValue> = fc.oneof(scalar, fc.array(scalar, { maxLength: 3 }))
    const line = fc.oneof(
      fc
        .tuple(
          name,
          fc.integer({ min: 0, max: 5 }),
          fc.constantFrom('1', '0640', 'yes', '"q # q"', "'it''s'", '[a, b]', 'x y'),
          fc.constantFrom('', '  # why'),
        )
        .map(([key, blanks, text, comment]) => `${key}:${' '.repeat(blanks + 1)}${text}${comment}`),
      fc
        .tuple(name, word, word)
        .map(([key, one, two]) => `${key}:\n    ${one}: 1   # c\n    ${two}.z:\n      - a\n      - b`),
      fc.tuple(name, word).map(([key, one]) => `${key}: {${one}: 1, q.${one}: "2"}`),
      fc.tuple(name).map(([key]) => `${key}: |\n   text # no comment\n\n   more`),
      fc.constantFrom('', '# comment', '   # a: 1', '#'),
    )
    const sources = fc
      .tuple(fc.array(line, { maxLength: 8 }), fc.constantFrom('\n', '\r\n'), fc.boolean(), fc.boolean())
      .map(([lines, eol, last, bom]) =>
        `${bom ? '\ufeff' : ''}${lines.join('\n')}${last ? '\n' : ''}`.replaceAll('\n', eol),
      )
      .filter((text) => readSettings(text, file).problems.length === 0)
      // An indented comment behind a block text would become a part of it: such an edit is refused.
      .filter((text) => !(text.includes('|') && text.includes('   # a')))

    it('sets a value, keeps all other settings and all other lines, and has nothing to do a second time', () => {
      fc.assert(
        fc.property(sources, name, value, fc.nat(), (text, fresh, wanted, pick) => {
          const before = readSettings(text, file).settings
          const known = [...before.keys()]
          const target = pick % 2 === 0 && known.length > 0 ? known[pick % known.length]! : fresh
          fc.pre(![...before.keys()].some((key) => key.startsWith(`${target}.`)))
          const result = editSettings(text, { [target]: wanted }, file)
          const after = readSettings(result.text, file)
          assert.deepEqual(after.problems, [])
          assert.deepEqual(others(after.settings, target), others(before, target))
          assert.deepEqual(editSettings(result.text, { [target]: wanted }, file).changed, [])
          assertLinesKept(text, result.text, target)
        }),
        { numRuns: 500 },
      )
    })

    it('removes any setting and keeps all others', () => {
      fc.assert(
        fc.property(sources, fc.nat(), (text, pick) => {
          const before = readSettings(text, file).settings
          const known = [...before.keys()]
          fc.pre(known.length > 0)
          const target = known[pick % known.length]!
          const after = readSettings(edit(text, { [target]: undefined }), file)
          assert.deepEqual(after.problems, [])
          assert.deepEqual(others(after.settings, target), others(before, target))
          assert.equal(after.settings.has(target), false)
        }),
        { numRuns: 500 },
      )
    })
  })
})

type Settings = ReturnType<typeof readSettings>['settings']

function others(settings: Settings, target: string): unknown[] {
  return [...settings.values()]
    .filter(({ name }) => name !== target)
    .map(({ name, value, text }) => [name, value, text])
}

/** What stands before and behind the edited place is untouched: the edit is one splice. */
function assertLinesKept(before: string, after: string, target: string): void {
  if (before === after) return
  let head = 0
  while (head < before.length && before[head] === after[head]) head += 1
  let tail = 0
  while (tail < Math.min(before.length, after.length) - head && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1
  const touched = before.slice(head, before.length - tail)
  const lines = touched.split('\n').filter((line) => /^[a-z]/.test(line))
  assert.ok(lines.length <= 1, `an edit of ${target} touched ${JSON.stringify(touched)}`)
}
