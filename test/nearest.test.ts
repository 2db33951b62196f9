import assert from 'node:assert/strict'
import { nearest } from '../src/nearest.ts'

describe('nearest', () => {
  it('finds the word that was meant', () => {
    assert.equal(nearest('onwer', ['mode', 'owner', 'group']), 'owner')
    assert.equal(nearest('lineinfle', ['blockinfile', 'lineinfile']), 'lineinfile')
    assert.equal(nearest('Owner', ['owners']), 'owners')
  })

  it('finds none among words that are far, and never the word itself', () => {
    assert.equal(nearest('xyz', ['owner', 'group']), undefined)
    assert.equal(nearest('a', ['owner']), undefined)
    assert.equal(nearest('mode', ['mode']), undefined)
  })
})
