import assert from 'node:assert/strict'
import { utimesSync, writeFileSync } from 'node:fs'
import { logSinceFile } from '../../src/facts/elasticsearch-log.ts'
import { LocalHost } from '../support/local-host.ts'

describe('logSinceFile', () => {
  let host: LocalHost
  beforeEach(() => (host = new LocalHost()))
  afterEach(() => host.remove())

  const ask = () => host.reader.ask(logSinceFile(host.path('a log'), host.path('the file')))

  it('brings the log and when the file was written, in one form with the times of the log', async () => {
    writeFileSync(host.path('a log'), 'one\ntwo\n')
    writeFileSync(host.path('the file'), '')
    const at = new Date(2027, 0, 2, 3, 4, 5, 500)
    utimesSync(host.path('the file'), at, at)
    const { log, writtenAt } = await ask()
    assert.equal(log, 'one\ntwo\n')
    assert.match(writtenAt ?? '', /^2027-01-0\dT\d\d:04:05,500$/)
  })

  it('brings the end of a long log', async () => {
    writeFileSync(host.path('a log'), `${'x'.repeat(300_000)}\nend\n`)
    const { log } = await ask()
    assert.equal(log.length, 262_144)
    assert.ok(log.endsWith('\nend\n'))
  })

  it('says so when there is neither', async () => {
    assert.deepEqual(await ask(), { log: '', writtenAt: undefined })
  })
})
