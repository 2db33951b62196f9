import assert from 'node:assert/strict'
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { openJournal, reopenJournal, type Journal } from '../../src/engine/journal/journal.ts'
import { journalRecords } from '../../src/engine/journal/read.ts'
import { readJournal, type RunStory } from '../../src/engine/journal/run-story.ts'
import { rollBackRun } from '../../src/engine/undo/roll-back-run.ts'
import { undoPlan } from '../../src/engine/undo/undo-plan.ts'
import { undoPlay } from '../../src/engine/undo/undo-play.ts'
import { PlaybookBench } from '../support/playbook-run.ts'
import { limitRecords, type RecordLimit } from '../support/record-limit.ts'
import { smallDaemon } from '../support/small-daemon.ts'

const playbook = `- name: Store
  hosts: all
  gather_facts: false
  tasks:
    - {name: store, copy: {content: new, dest: FOLDER/h/store}, delegate_to: localhost, run_once: true}
- name: Roll
  hosts: all
  gather_facts: false
  serial: 1
  roll: {rollback: true}
  tasks:
    - {name: conf, copy: {content: "new\\n", dest: "FOLDER/h/{{ inventory_hostname }}/conf", mode: '0600'}}
    - {name: fresh, copy: {content: x, dest: "FOLDER/h/{{ inventory_hostname }}/fresh"}}
    - {name: daemon, small_daemon: {folder: "FOLDER/h/{{ inventory_hostname }}"}}
`

class Crash extends Error {}

// The journal ends behind each of its records, or all happened up to the next: in this process, a crash is an exception.
describe('a run that crashes at every record of its journal', function () {
  this.timeout('5m')

  let bench: PlaybookBench
  beforeEach(() => {
    bench = new PlaybookBench()
    bench.file('before/store', 'old')
    for (const host of ['h1', 'h2']) {
      for (const name of ['conf', 'loaded']) {
        const file = bench.file(`before/${host}/${name}`, 'old\n')
        utimesSync(file, 1_600_000_000, 1_600_000_000)
      }
      bench.file(`before/${host}/log`, '')
    }
  })
  afterEach(() => bench.remove())

  const at = (path: string) => join(bench.folder, path)
  const reset = () => {
    for (const name of ['h', 'backup', 'state']) rmSync(at(name), { recursive: true, force: true })
    cpSync(at('before'), at('h'), { recursive: true, preserveTimestamps: true })
  }
  /** Every file with its content, its mode and, unless it is a log, its time. */
  const picture = (withTimes: boolean) =>
    readdirSync(at('h'), { recursive: true })
      .map(String)
      .filter((name) => !name.endsWith('log'))
      .sort()
      .map((name) => {
        const { mode, mtimeMs } = statSync(at(`h/${name}`))
        const isFile = statSync(at(`h/${name}`)).isFile()
        return [
          name,
          mode,
          isFile ? readFileSync(at(`h/${name}`), 'utf8') : '',
          isFile && withTimes && !name.endsWith('loaded') ? mtimeMs : 0,
        ]
      })
  const restarts = (host: string) => readFileSync(at(`h/${host}/log`), 'utf8').split('\n').length - 1

  const newJournal = () => openJournal(at('state'), 'test-run', (text) => text)
  const folder = () => at('state/runs/test-run')
  const recordsIn = (): readonly string[] =>
    journalRecords(readFileSync(join(folder(), 'journal.jsonl'), 'utf8')).map(({ record }) => record)
  const story = (): RunStory => readJournal(readFileSync(join(folder(), 'journal.jsonl'), 'utf8'))
  const goesOn = (as: 'resumed' | 'rollback'): Journal => {
    const journal = reopenJournal(folder(), story().intents, (text) => text)
    journal.append({ record: as, version: '', user: '', controller: '', process: 0 })
    return journal
  }
  const begin = () => {
    const journal = newJournal()
    const run = {
      id: 'test-run',
      playbook: 'play.yml',
      sha256: '',
      inventory: [],
      tags: [],
      skipTags: [],
      extraVars: [],
    }
    journal.append({ record: 'run', ...run, version: '', user: '', controller: '', process: 0 })
    return journal
  }
  const runWith = (journal: Journal) => bench.run({ playbook, hosts: ['h1', 'h2'], journal, modules: [smallDaemon] })
  const resume = () => runWith(goesOn('resumed'))
  const rollBack = async () => {
    const plan = undoPlan(story().changes, 'localhost')
    let isWhole = plan.length === 0
    const work: Parameters<PlaybookBench['run']>[0]['work'] = async (context) => {
      const play = undoPlay('play.yml', plan)
      isWhole = (await rollBackRun({ ...context, playbook: { file: 'play.yml', plays: [play] } }, plan)) === 'whole'
    }
    const journal = goesOn('rollback')
    if (plan.length > 0) await bench.run({ playbook, hosts: ['h1', 'h2'], journal, work, modules: [smallDaemon] })
    else journal.close()
    assert.ok(isWhole)
  }

  /** False when the work ended before the limit. */
  const crashes = async (limit: RecordLimit, work: () => Promise<unknown>): Promise<boolean> => {
    const lift = limitRecords(limit, () => {
      throw new Crash('killed')
    })
    try {
      await work()
      return false
    } catch (thrown) {
      if (thrown instanceof Crash) return true
      throw thrown
    } finally {
      lift()
    }
  }

  /**
   * Calls `then` after a crash at each record that an undisturbed course writes. Between two records something happens
   * only behind an intent.
   */
  const everywhere = async (course: {
    readonly prepare: () => Promise<unknown>
    readonly work: () => Promise<unknown>
    readonly then: (where: string) => Promise<unknown>
  }): Promise<number> => {
    await course.prepare()
    const already = existsSync(folder()) ? recordsIn() : []
    await course.work()
    const records = recordsIn().slice(already.length)
    for (const [index, record] of records.entries()) {
      const ends = ['intent', 'undo'].includes(record)
        ? (['behind', 'before the next'] as const)
        : (['behind'] as const)
      for (const end of ends) {
        await course.prepare()
        const where = `${end} record ${String(index + 1)}, ${record}`
        assert.ok(await crashes({ records: index + 1, end }, course.work), where)
        await course.then(where)
      }
    }
    return records.length
  }

  it('resumed, ends as an undisturbed run and restarts nothing twice; rolled back then, is as before', async () => {
    reset()
    const old = picture(true)
    await runWith(begin())
    const after = picture(false)
    const records = await everywhere({
      prepare: async () => reset(),
      work: async () => runWith(begin()),
      then: async (where) => {
        const { outcome } = await resume()
        assert.deepEqual(outcome.failed, [], where)
        assert.deepEqual(picture(false), after, where)
        assert.deepEqual([restarts('h1'), restarts('h2')], [1, 1], where)
        assert.equal(story().status, 'complete', where)
        await rollBack()
        assert.deepEqual(picture(true), old, where)
      },
    })
    assert.ok(records > 15, String(records))
  })

  it('rolled back, is as before, and restarts only what had been restarted', async () => {
    reset()
    const old = picture(true)
    await everywhere({
      prepare: async () => reset(),
      work: async () => runWith(begin()),
      then: async (where) => {
        const made = [restarts('h1'), restarts('h2')]
        await rollBack()
        assert.deepEqual(picture(true), old, where)
        assert.deepEqual(
          [restarts('h1'), restarts('h2')],
          made.map((count) => 2 * count),
          where,
        )
      },
    })
  })

  it('rolled back by a rollback that crashes too, is as before after the next one', async () => {
    reset()
    const old = picture(true)
    await everywhere({
      prepare: async () => {
        reset()
        await runWith(begin())
      },
      work: rollBack,
      then: async (where) => {
        await rollBack()
        assert.deepEqual(picture(true), old, where)
      },
    })
  })
})
