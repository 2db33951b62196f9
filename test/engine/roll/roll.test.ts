import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PlaybookBench } from '../../support/playbook-run.ts'

describe('a roll', () => {
  let bench: PlaybookBench
  beforeEach(() => {
    bench = new PlaybookBench()
  })
  afterEach(() => bench.remove())

  const roll = (serial: number, bad: string) => `- hosts: all
  gather_facts: false
  serial: ${String(serial)}
  roll: {rollback: true}
  tasks:
    - {name: change, copy: {content: new, dest: "FOLDER/{{ inventory_hostname }}.conf"}}
    - {name: test, command: 'test {{ inventory_hostname }} != ${bad}', changed_when: false}
`

  it('puts a failed host back as it was and touches no later one', async () => {
    for (const host of ['h1', 'h2', 'h3']) bench.file(`${host}.conf`, 'old')
    const { outcome, results } = await bench.run({ playbook: roll(1, 'h2') })
    const contents = ['h1', 'h2', 'h3'].map((host) => readFileSync(join(bench.folder, `${host}.conf`), 'utf8'))
    assert.deepEqual(contents, ['new', 'old', 'old'])
    assert.deepEqual(outcome.failed, ['h2'])
    assert.ok(results.includes('h2 Put the host back as it was rescued'))
  })

  it('says that nothing was changed when the first change could not begin', async () => {
    bench.file('h1.conf', 'old')
    const result = await bench.run({
      hosts: ['h1'],
      playbook: `- hosts: all
  gather_facts: false
  roll: {rollback: true}
  tasks:
    - {name: change, copy: {content: new, dest: FOLDER/h1.conf, validate: 'false %s'}}
`,
    })
    const { status, summary } = result.of('Put the host back as it was', 'h1')
    assert.deepEqual([status, summary], ['rescued', 'nothing had been changed on it'])
  })

  it('goes on undoing after what cannot be undone, and says what it is and where the old version lies', async () => {
    bench.file('gone/a.conf', 'old')
    bench.file('b.conf', 'old')
    const result = await bench.run({
      hosts: ['h1'],
      playbook: `- hosts: all
  gather_facts: false
  roll: {rollback: true}
  tasks:
    - {name: b, copy: {content: new, dest: FOLDER/b.conf}}
    - {name: a, copy: {content: new, dest: FOLDER/gone/a.conf}}
    - {name: lose the folder, shell: rm -r FOLDER/gone && touch FOLDER/gone, changed_when: false}
    - {name: test, command: 'false'}
`,
    })
    assert.deepEqual(result.outcome.failed, ['h1'])
    assert.equal(readFileSync(join(bench.folder, 'b.conf'), 'utf8'), 'old')
    const { status, summary, hint } = result.of('Put the host back as it was', 'h1')
    assert.equal(status, 'failed')
    assert.match(summary, /^2 of 3 changes could not be undone: run a command; write .*gone\/a\.conf/)
    assert.match(hint!, /^The old versions are in ".+" on "h1"/)
  })

  it('stops when only a part of a batch fails, where Ansible would go on', async () => {
    const { results } = await bench.run({ playbook: roll(2, 'h1') })
    assert.ok(!results.some((line) => line.startsWith('h3')))
  })

  it('puts back who was in the middle when another host stopped the batch, and leaves who came through', async () => {
    const text = (tasks: string) => `- hosts: all
  gather_facts: false
  any_errors_fatal: true
  roll: {rollback: true}
  tasks:
    - {name: change, copy: {content: new, dest: "FOLDER/{{ inventory_hostname }}.conf"}}
    - {name: test, command: 'test {{ inventory_hostname }} != h2', changed_when: false}
${tasks}`
    const contents = () => ['h1', 'h2', 'h3'].map((host) => readFileSync(join(bench.folder, `${host}.conf`), 'utf8'))
    for (const host of ['h1', 'h2', 'h3']) bench.file(`${host}.conf`, 'old')
    await bench.run({ playbook: text('    - {name: more, ping: }\n') })
    assert.deepEqual(contents(), ['old', 'old', 'old'])
    const { events } = await bench.run({ playbook: text('') })
    assert.deepEqual(contents(), ['new', 'old', 'new'])
    const notices = events.flatMap((event) => (event.event === 'notice' ? [event.message] : []))
    assert.match(notices.join('\n'), /^The roll stops at "h2"\. Remove the cause, then run the same command again/)
  })

  it('stops at an unreachable host', async () => {
    const { results } = await bench.run({ hosts: ['down1', 'h2'], playbook: roll(1, 'none') })
    assert.deepEqual(results, ['down1 change unreachable'])
  })
})
