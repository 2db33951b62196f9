import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import fc from 'fast-check'
import { parseAddress } from '../../src/inventory/address.ts'
import { globPattern } from '../../src/inventory/glob.ts'
import { expandRanges } from '../../src/inventory/host-range.ts'
import { typedValue } from '../../src/inventory/python-literal.ts'
import { splitWords } from '../../src/inventory/shell-words.ts'
import { ansibleBin, needsAnsible } from '../support/ansible.ts'

type Rule = 'literal' | 'words' | 'names' | 'address' | 'glob'

/** Texts made of pieces that matter to a rule, so that many of them are nearly or truly valid. */
function texts(pieces: readonly string[], maxLength: number): fc.Arbitrary<string> {
  return fc.array(fc.constantFrom(...pieces), { minLength: 1, maxLength }).map((parts) => parts.join(''))
}

const literals = fc.oneof(
  texts(['0', '1', '7', '08', '_', '.', 'e', 'x', 'b', 'o', '-', '+', 'f', '5'], 6),
  texts(["'", '"', 'a', '\\', 'n', 'x41', 'u00e9', '7', 'r', ' ', '#', 'b', 'é'], 7),
  texts(['[', ']', '(', ')', '{', '}', ',', ':', '1', "'a'", 'True', 'None', ' ', '-2', '.5', '#', '"b"'], 9),
  fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.stringify(value)),
)
const hostLines = texts(['a', 'b=1', ' ', '  ', '#', "'", '"', '\\', '=', '\t', 'x y', '$'], 8)
const ranges = texts(['w', '[', ']', ':', '1', '3', '01', '03', '10', 'a', 'c', 'C', '-', '.', '[1:3]', '[a:c]', '[01:10:4]', '[:2]'], 6)
const addresses = texts(['a', '-', '_', '.', ':', '22', '10.0.0.1', '[', ']', '::1', '2001:db8', 'ffff', '[1:3]', 'é', '256', '::'], 6)
const globs = fc
  .tuple(texts(['a', 'b', '*', '?', '[ab]', '[!a]', '[a-c]', '[', ']', '.', '-', '!', '[]a]', '[c-a]', '^'], 5), texts(['a', 'b', 'c', '.', '-', ']', '^', '!'], 4))
  .map(([pattern, name]) => `${pattern} ${name}`)

const samples: Readonly<Record<Rule, readonly string[]>> = {
  literal: fc.sample(literals, 3000),
  words: fc.sample(hostLines, 1500),
  names: fc.sample(ranges, 1500),
  address: fc.sample(addresses, 1500),
  glob: fc.sample(globs, 1500),
}

const ours: Readonly<Record<Rule, (text: string) => unknown>> = {
  literal: typedValue,
  words: (text) => {
    const split = splitWords(text)
    return split.kind === 'words' ? split.words.map((word) => word.text) : split.problem
  },
  names: (text) => {
    const expansion = expandRanges(text)
    return expansion.kind === 'names' ? expansion.names : null
  },
  address: (text) => {
    const address = parseAddress(text)
    return address === undefined ? null : [address.host, address.port ?? null]
  },
  glob: (text) => {
    const [pattern = '', name = ''] = text.split(' ')
    return globPattern(pattern).test(name)
  },
}

describe('the rules of inventory sources, compared with Python and Ansible', function () {
  this.timeout(60_000)
  let theirs: Readonly<Record<Rule, readonly unknown[]>>

  before(function () {
    needsAnsible(this)
    const script = join(import.meta.dirname, 'python-rules.py')
    const run = spawnSync(ansibleBin('python'), [script], {
      input: JSON.stringify(samples),
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      env: { ...process.env, PYTHONUTF8: '1' },
    })
    assert.equal(run.status, 0, run.stderr)
    theirs = JSON.parse(run.stdout) as typeof theirs
  })

  const same = (rule: Rule, differs: (text: string, their: unknown) => boolean = () => false) => {
    for (const [index, text] of samples[rule].entries()) {
      const their = theirs[rule][index]
      if (differs(text, their)) continue
      assert.deepEqual({ text, value: ours[rule](text) }, { text, value: their })
    }
  }

  it('types values as ast.literal_eval does', () => {
    // JSON knows neither -0 nor infinity.
    same('literal', (_, their) => their === 'INFINITE' || their === 0)
  })

  it('splits host lines as shlex does', () => {
    same('words')
  })

  it('expands ranges as Ansible does, except that an empty range and stray brackets are errors', () => {
    const isEmpty = (their: unknown) => Array.isArray(their) && their.length === 0
    const hasStrayBracket = (text: string) => /[[\]]/.test(text.replaceAll(/\[[^[\]]*\]/g, ''))
    same('names', (text, their) => isEmpty(their) || hasStrayBracket(text))
  })

  it('parses addresses as Ansible does', () => {
    same('address')
  })

  it('matches globs as fnmatch does', () => {
    same('glob')
  })
})

describe('typedValue', () => {
  it('returns every text that is no literal unchanged, and never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const value = typedValue(text)
        if (/^[a-z]{2,}$/.test(text)) assert.equal(value, text)
        else assert.notEqual(value, undefined)
      }),
    )
  })

  it('reads back every JSON text of strings, whole numbers and containers', () => {
    const leaf = fc.oneof(fc.string(), fc.integer())
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof({ depthSize: 'small' }, leaf, fc.array(tie('tree')), fc.dictionary(fc.string(), tie('tree'))),
    }))
    fc.assert(
      fc.property(tree, (value) => {
        const written = JSON.stringify(value)
        assert.equal(JSON.stringify(typedValue(written)), written)
      }),
    )
  })

  it('keeps the digits of a number too large for ours', () => {
    assert.equal(typedValue('123456789012345678901'), '123456789012345678901')
    assert.equal(typedValue('-9007199254740993'), '-9007199254740993')
  })
})

describe('expandRanges', () => {
  it('yields one name for each member, all different, in ascending order', () => {
    fc.assert(
      fc.property(fc.nat(500), fc.nat(60), fc.integer({ min: 1, max: 9 }), (begin, length, step) => {
        const expansion = expandRanges(`w[${String(begin)}:${String(begin + length)}:${String(step)}].x`)
        assert.equal(expansion.kind, 'names')
        const numbers = expansion.kind === 'names' ? expansion.names.map((name) => Number(name.slice(1, -2))) : []
        assert.equal(numbers.length, Math.floor(length / step) + 1)
        assert.ok(numbers.every((number, index) => number === begin + index * step))
      }),
    )
  })

  it('pads with zeros to the width of the begin', () => {
    fc.assert(
      fc.property(fc.nat(99), fc.nat(99), (a, b) => {
        const [begin, end] = [Math.min(a, b), Math.max(a, b)].map((number) => String(number).padStart(3, '0'))
        const expansion = expandRanges(`w[${begin!}:${end!}]`)
        assert.ok(expansion.kind === 'names' && expansion.names.every((name) => /^w\d{3}$/.test(name)))
      }),
    )
  })

  it('says what is wrong with a range', () => {
    const problem = (name: string) => {
      const expansion = expandRanges(name)
      return expansion.kind === 'invalid' ? expansion.problem : undefined
    }
    assert.equal(problem('w[3:1]'), 'the range is empty: it begins after its end')
    assert.equal(problem('w[1:]'), 'a range must have an end')
    assert.equal(problem('w[01:3]'), 'begin and end of a range with leading zeros must be equally long')
    assert.equal(problem('w[1:3:0]'), 'the step of a range is a whole number other than 0')
    assert.equal(problem('w[a:3]'), 'begin and end of a range are both numbers or both letters')
    assert.equal(problem('w[1]'), 'a range is [begin:end] or [begin:end:step]')
    assert.equal(problem('w[1:2'), 'brackets do not match')
  })
})
