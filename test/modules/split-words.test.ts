import assert from 'node:assert/strict'
import fc from 'fast-check'
import { quoteWords } from '../../src/connection/quote.ts'
import { splitWords } from '../../src/modules/split-words.ts'

describe('splitWords', () => {
  it('is the opposite of quoting for a shell', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: fc.constantFrom('a', ' ', "'", '"', '\\', '$', '\n', 'ü') })), (words) => {
        assert.deepEqual(splitWords(quoteWords(words)), words)
      }),
    )
  })

  it('keeps a backslash in double quotes unless it escapes', () => {
    assert.deepEqual(splitWords(String.raw`"a\n\"b\\" c\ d ''`), [String.raw`a\n"b\ `.trim(), 'c d', ''])
  })

  it('refuses what is not closed', () => {
    assert.throws(() => splitWords('a "b'), /is not closed/)
    assert.throws(() => splitWords('a\\'), /Nothing follows the last backslash/)
  })
})
