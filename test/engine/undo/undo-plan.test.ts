import assert from 'node:assert/strict'
import type { Undoing } from '../../../src/engine/effects/undoing.ts'
import type { Change } from '../../../src/engine/journal/run-story.ts'
import { downFirst, undoPlan } from '../../../src/engine/undo/undo-plan.ts'

describe('the way back', () => {
  let number = 0
  const change = (
    batch: number,
    host: string,
    what: string,
    more: { rolled?: boolean; undone?: Change['undone']; place?: string } = {},
  ): Change => {
    number += 1
    const undoing: Undoing = what.startsWith('/')
      ? { kind: 'path', path: what }
      : { kind: 'service', name: what, asksPassword: false }
    return {
      record: 'intent',
      number,
      host,
      task: 't',
      effect: what,
      undoing,
      outcome: 'done',
      undone: more.undone ?? 'no',
      batch,
      play: {
        record: 'play',
        play: 'p',
        place: more.place ?? `p.yml:${String(batch)}`,
        hosts: [],
        rolled: more.rolled === true,
        gates: more.rolled === true ? ['no_red_index'] : [],
      },
    }
  }
  /** `host: effects in the order of their performance`, stages by bars. */
  const planned = (...changes: readonly Change[]) =>
    undoPlan(changes, 'localhost')
      .map((stage) =>
        stage.map(({ host, changes: own }) => `${host}: ${own.map((one) => one.effect).join(' ')}`).join(', '),
      )
      .join(' | ')

  it('undoes a roll host by host, the last first', () => {
    const rolled = { rolled: true }
    const changes = [change(1, 'a', '/x', rolled), change(1, 'a', 'es', rolled), change(2, 'b', '/x', rolled)]
    assert.equal(planned(...changes), 'b: /x | a: /x es')
    assert.deepEqual(undoPlan(changes, 'localhost')[0]?.[0]?.gates, ['no_red_index'])
  })

  it('undoes the hosts of one batch together, and this machine last of all', () => {
    assert.equal(
      planned(change(1, 'a', '/x'), change(1, 'b', '/x'), change(2, 'localhost', '/pki')),
      'a: /x, b: /x | localhost: /pki',
    )
  })

  it('puts files that were placed for a later restart back with it', () => {
    assert.equal(planned(change(1, 'a', '/x'), change(2, 'a', 'es', { rolled: true })), 'a: /x es')
  })

  it('leaves a roll to itself when another service is restarted later', () => {
    const rolled = { rolled: true }
    const changes = [
      change(1, 'a', '/es', rolled),
      change(2, 'b', '/es', rolled),
      change(3, 'a', 'beat'),
      change(3, 'b', 'beat'),
    ]
    assert.equal(planned(...changes), 'a: beat, b: beat | b: /es | a: /es')
  })

  it('begins a roll with the nodes that are down, and leaves the other stages where they are', () => {
    const rolled = { rolled: true }
    const changes = [
      change(1, 'a', '/x', rolled),
      change(2, 'b', '/x', rolled),
      change(3, 'c', '/x', rolled),
      change(4, 'kibana', '/y'),
      change(1, 'localhost', '/z'),
    ]
    const order = (...down: readonly string[]) =>
      downFirst(undoPlan(changes, 'localhost'), (host) => down.includes(host)).flatMap((stage) =>
        stage.map(({ host }) => host),
      )
    assert.deepEqual(order(), ['kibana', 'c', 'b', 'a', 'localhost'])
    assert.deepEqual(order('b'), ['kibana', 'b', 'c', 'a', 'localhost'])
    assert.deepEqual(order('a', 'b', 'kibana'), ['kibana', 'b', 'a', 'c', 'localhost'])
  })

  it('takes batches together that changed one file, or restarted one service', () => {
    assert.equal(planned(change(1, 'a', '/x'), change(2, 'a', '/y'), change(3, 'a', '/x')), 'a: /x /x | a: /y')
    const rolled = { rolled: true }
    const changes = [
      change(1, 'a', '/p12', rolled),
      change(1, 'a', 'es', rolled),
      change(5, 'a', '/yml', rolled),
      change(5, 'a', 'es', rolled),
    ]
    assert.equal(planned(...changes), 'a: /p12 es /yml es')
  })

  it('takes what a play did together when it was done in two attempts', () => {
    const rolled = { rolled: true, place: 'p.yml:3' }
    const changes = [change(1, 'a', '/x', rolled), change(4, 'a', 'es', rolled), change(5, 'b', '/x', rolled)]
    assert.equal(planned(...changes), 'b: /x | a: /x es')
  })

  it('leaves out what is undone, and keeps what a rollback had begun', () => {
    assert.equal(planned(change(1, 'a', '/x', { undone: 'yes' }), change(1, 'a', '/y', { undone: 'begun' })), 'a: /y')
  })
})
