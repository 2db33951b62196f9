import assert from 'node:assert/strict'
import type { Subject } from '../../src/facts/question.ts'
import { conflict } from '../../src/engine/subjects.ts'

describe('a change and an answer that was given before it', () => {
  const stays = (touched: Subject, asked: Subject) =>
    assert.equal(conflict(touched, asked), false, `${touched} ${asked}`)
  const falls = (touched: Subject, asked: Subject) =>
    assert.equal(conflict(touched, asked), true, `${touched} ${asked}`)

  it('agree when they are about different things', () => {
    stays('file:/etc/a', 'file:/etc/b')
    stays('file:/etc/a', 'file:/etc/ab')
    stays('service:a', 'service:b')
    stays('file:/etc/a', 'service:a')
  })

  it('conflict when they are about the same, or about what is above or below it', () => {
    falls('file:/etc/a', 'file:/etc/a')
    falls('file:/etc/a', 'file:/etc/a/b')
    falls('file:/etc/a/b', 'file:/etc/a')
    falls('file:/', 'file:/etc')
    falls('*', 'file:/etc/a')
    falls('file:/etc/a', '*')
  })

  it('agree when a file changes in a folder that stays one', () => {
    stays('file:/etc/a/b', 'folder:/etc/a')
    stays('file:/etc/ab', 'folder:/etc/a')
    falls('file:/etc/a', 'folder:/etc/a')
    falls('file:/etc', 'folder:/etc/a')
    falls('folder:/etc/a', 'folder:/etc/a')
  })
})
