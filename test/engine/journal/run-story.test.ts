import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { openJournal, reopenJournal } from '../../../src/engine/journal/journal.ts'
import { JournalError } from '../../../src/engine/journal/read.ts'
import type { JournalRecord } from '../../../src/engine/journal/record.ts'
import { readJournal, standingText } from '../../../src/engine/journal/run-story.ts'

const controller = { version: '1', user: 'u', controller: 'c', process: 7 }
const begun: JournalRecord = {
  record: 'run',
  id: 'r',
  playbook: '/p.yml',
  sha256: 'd',
  inventory: ['/i.yml'],
  tags: [],
  skipTags: [],
  extraVars: [],
  ...controller,
}
const play = (name: string, hosts: readonly string[]): JournalRecord => ({
  record: 'play',
  play: name,
  place: `/p.yml:${name}`,
  hosts,
  rolled: false,
  gates: [],
})
const intent = (number: number, host: string, more: object = {}): JournalRecord => ({
  record: 'intent',
  number,
  host,
  task: 't',
  effect: `write ${String(number)}`,
  undoing: { kind: 'path', path: `/${String(number)}` },
  backup: '/b',
  ...more,
})
const result = (number: number, ok = true): JournalRecord => ({ record: 'result', number, ok })
const ended = (conditions: Record<string, 'well' | 'failed'>): JournalRecord => ({ record: 'batch-end', conditions })

const text = (...records: readonly JournalRecord[]) =>
  records.map((record) => `${JSON.stringify({ at: '2026-11-24T20:00:00.000Z', ...record })}\n`).join('')
const standings = (...records: readonly JournalRecord[]) =>
  readJournal(text(begun, ...records)).hosts.map((host) => `${host.host}: ${standingText(host)}`)

const whole: readonly JournalRecord[] = [
  begun,
  play('One', ['a', 'b']),
  { record: 'batch', hosts: ['a'] },
  intent(1, 'a'),
  result(1),
  ended({ a: 'well' }),
  { record: 'batch', hosts: ['b'] },
  intent(2, 'b'),
  result(2, false),
  { record: 'rolled-back', host: 'b', ok: true },
  ended({ b: 'failed' }),
  { record: 'end', status: 'failed' },
  { record: 'resumed', ...controller },
  play('One', ['a', 'b']),
  { record: 'batch', hosts: ['a'] },
  ended({ a: 'well' }),
  { record: 'batch', hosts: ['b'] },
  intent(3, 'b'),
  result(3),
  ended({ b: 'well' }),
  { record: 'end', status: 'complete' },
  { record: 'rollback', ...controller },
  { record: 'undo', host: 'b', numbers: [3] },
  { record: 'undone', host: 'b', numbers: [3], ok: true },
]

describe('the story of a run', () => {
  it('says of each host how it stands', () => {
    const first = [play('One', ['a', 'b', 'c']), { record: 'batch', hosts: ['a'] }] as const
    assert.deepEqual(standings(...first), [
      'a: not begun in "One", unchanged',
      'b: not begun in "One", unchanged',
      'c: not begun in "One", unchanged',
    ])
    assert.deepEqual(
      standings(...first, intent(1, 'a'))[0],
      'a: in doubt: "write 1" was begun, whether it was done is not known; 1 change stands',
    )
    assert.deepEqual(standings(...first, intent(1, 'a'), result(1))[0], 'a: in the middle of "One", 1 change stands')
    const batch = [...first, intent(1, 'a'), result(1)]
    assert.deepEqual(standings(...batch, ended({ a: 'well' })), [
      'a: done so far, 1 change stands',
      'b: not begun in "One", unchanged',
      'c: not begun in "One", unchanged',
    ])
    assert.equal(standings(...batch, ended({ a: 'failed' }))[0], 'a: failed in "One", 1 change stands')
    const back: JournalRecord = { record: 'rolled-back', host: 'a', ok: true }
    assert.equal(standings(...batch, back, ended({ a: 'failed' }))[0], 'a: put back as it was')
  })

  it('leaves out commands that are said to change nothing', () => {
    const story = readJournal(text(begun, intent(1, 'a', { onlyLooks: true }), intent(2, 'a')))
    assert.deepEqual([story.intents, story.changes.map((change) => change.number)], [2, [2]])
  })

  it('counts what an attempt before left in doubt no more when the run has gone on', () => {
    const doubt = [play('One', ['a']), { record: 'batch', hosts: ['a'] } as const, intent(1, 'a')]
    const story = readJournal(text(begun, ...doubt, { record: 'resumed', ...controller }, play('One', ['a'])))
    assert.equal(story.hosts[0]?.standing.kind, 'not begun')
    assert.deepEqual(
      story.changes.map((change) => change.outcome),
      ['in doubt'],
    )
  })

  it('can be told of every beginning of a journal, cut at any byte', () => {
    const bytes = text(...whole)
    const first = bytes.indexOf('\n') + 1
    fc.assert(
      fc.property(fc.integer({ min: first, max: bytes.length }), (length) => {
        const lines = bytes.slice(0, length).split('\n').length - 1
        const story = readJournal(bytes.slice(0, length))
        assert.equal(story.changes.length, whole.slice(0, lines).filter((one) => one.record === 'intent').length)
        assert.equal(story.status, lines >= 21 ? 'complete' : lines === 12 ? 'failed' : 'cut off')
        assert.equal(story.isRollbackBegun, lines >= 22)
      }),
    )
    assert.throws(() => readJournal(bytes.slice(0, first - 1)), /has no beginning/)
  })

  it('does not pass over a line in the middle that cannot be read', () => {
    assert.throws(() => readJournal(`${text(begun)}{"at"\n${text(result(1))}`), JournalError)
  })
})

describe('a journal', () => {
  let folder = ''
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'elkseal-journal-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const file = () => join(folder, 'runs/r/journal.jsonl')
  const mask = (secret: string) => (given: string) => given.replaceAll(secret, '********')

  it('is of its owner alone, and masks secrets but none of its own words', () => {
    const journal = openJournal(folder, 'r', mask('path'))
    journal.append(begun)
    assert.equal(
      journal.intend({ host: 'a', task: 'path', effect: 'e', undoing: { kind: 'path', path: '/a/path' } }),
      1,
    )
    journal.close()
    assert.deepEqual([statSync(file()).mode & 0o777, statSync(join(folder, 'runs/r')).mode & 0o777], [0o600, 0o700])
    const [change] = readJournal(readFileSync(file(), 'utf8')).changes
    assert.deepEqual([change?.task, change?.undoing], ['********', { kind: 'path', path: '/a/********' }])
  })

  it('goes on behind a line that a crash has cut off, and numbers on', () => {
    openJournal(folder, 'r', (one) => one).close()
    writeFileSync(file(), `${text(begun, intent(1, 'a'))}{"at":"2026-`)
    const journal = reopenJournal(join(folder, 'runs/r'), 1, (one) => one)
    assert.equal(journal.intend({ host: 'a', task: 't', effect: 'e' }), 2)
    journal.close()
    assert.deepEqual(
      readJournal(readFileSync(file(), 'utf8')).changes.map((change) => change.number),
      [1, 2],
    )
  })
})
