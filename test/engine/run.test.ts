import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PlaybookBench } from '../support/playbook-run.ts'

describe('a run', () => {
  let bench: PlaybookBench
  beforeEach(() => {
    bench = new PlaybookBench()
  })
  afterEach(() => bench.remove())

  const play = (text: string, more = '') => `- hosts: all\n  gather_facts: false\n${more}${text}`

  it('finishes each task on all hosts before the next begins', async () => {
    const { results } = await bench.run({
      playbook: play('  tasks:\n    - {name: a, ping: }\n    - {name: b, ping: }\n'),
    })
    assert.deepEqual(
      results.map((line) => line.split(' ')[1]),
      ['a', 'a', 'a', 'b', 'b', 'b'],
    )
  })

  it('leaves a failed host out and goes on with the others', async () => {
    const { counts, outcome } = await bench.run({
      playbook: play(`  tasks:
    - {name: break, fail: {msg: broken}, when: inventory_hostname == 'h2'}
    - {name: after, ping: }
`),
    })
    assert.deepEqual(outcome.failed, ['h2'])
    assert.equal(counts['h1']?.ok, 1)
    assert.equal(counts['h2']?.ok, 0)
  })

  it('rescues per host and always runs always', async () => {
    const { results, counts, outcome } = await bench.run({
      hosts: ['h1', 'h2'],
      playbook: play(`  tasks:
    - block:
        - {name: break, fail: {msg: broken}, when: inventory_hostname == 'h2'}
        - {name: rest, ping: }
      rescue:
        - {name: rescue, debug: {msg: "{{ ansible_failed_task.name }}: {{ ansible_failed_result.msg }}"}}
      always:
        - {name: last, ping: }
    - {name: after, ping: }
`),
    })
    assert.deepEqual(outcome.failed, [])
    assert.equal(counts['h2']?.rescued, 1)
    assert.equal(counts['h2'].failed, 0)
    assert.ok(results.includes('h2 rescue ok') && !results.includes('h1 rescue ok'))
    assert.deepEqual(results.filter((line) => line.includes(' last ') || line.includes(' after ')).sort(), [
      'h1 after ok',
      'h1 last ok',
      'h2 after ok',
      'h2 last ok',
    ])
  })

  it('fails a host whose rescue fails, after always', async () => {
    const { results, outcome } = await bench.run({
      hosts: ['h1'],
      playbook: play(`  tasks:
    - block: [{name: break, fail: {msg: one}}]
      rescue: [{name: rescue, fail: {msg: two}}]
      always: [{name: last, ping: }]
    - {name: after, ping: }
`),
    })
    assert.deepEqual(outcome.failed, ['h1'])
    assert.deepEqual(results, ['h1 break failed', 'h1 rescue failed', 'h1 last ok'])
  })

  it('runs neither rescue nor always for an unreachable host', async () => {
    const { results, outcome } = await bench.run({
      hosts: ['down1'],
      playbook: play(`  tasks:
    - block: [{name: look, ping: }]
      rescue: [{name: rescue, ping: }]
      always: [{name: last, ping: }]
`),
    })
    assert.deepEqual(outcome.unreachable, ['down1'])
    assert.deepEqual(results, ['down1 look unreachable'])
  })

  it('stops the playbook when every host of a batch is lost', async () => {
    const { results } = await bench.run({
      playbook: play(
        `  tasks:
    - {name: t, fail: {msg: no}, when: inventory_hostname == 'h2'}
    - {name: done, ping: }
`,
        '  serial: 1\n',
      ),
    })
    assert.deepEqual(results, ['h1 t skipped', 'h1 done ok', 'h2 t failed'])
  })

  it('goes on after a batch that partly failed, unless max_fail_percentage is exceeded', async () => {
    const text = (limit: string) =>
      play(
        `  tasks:
    - {name: t, fail: {msg: no}, when: inventory_hostname == 'h1'}
`,
        `  serial: 2\n${limit}`,
      )
    const free = await bench.run({ playbook: text('') })
    assert.ok(free.results.includes('h3 t skipped'))
    const limited = await bench.run({ playbook: text('  max_fail_percentage: 49\n') })
    assert.ok(!limited.results.includes('h3 t skipped'))
  })

  it('ends the play for all hosts with any_errors_fatal, unreachable ones counting too', async () => {
    for (const hosts of [
      ['h1', 'h2'],
      ['down1', 'h2'],
    ]) {
      const { results } = await bench.run({
        hosts,
        playbook: play(
          `  tasks:
    - {name: t, command: 'test {{ inventory_hostname }} != h1', changed_when: false}
    - {name: after, ping: }
`,
          '  any_errors_fatal: true\n',
        ),
      })
      assert.deepEqual(
        results.filter((line) => line.includes('after')),
        [],
      )
    }
  })

  it('runs always, but no handler, on every host when any_errors_fatal stops the play', async () => {
    const { results } = await bench.run({
      playbook: play(
        `  handlers: [{name: ring, ping: }]
  tasks:
    - {name: change, command: 'true', notify: ring}
    - block:
        - {name: break, fail: {msg: no}, when: inventory_hostname == 'h2'}
        - {name: rest, ping: }
      always:
        - {name: last, ping: }
        - {name: very last, ping: }
    - {name: after, ping: }
`,
        '  any_errors_fatal: true\n',
      ),
    })
    assert.deepEqual(
      results.filter((line) => !/ (change|break) /.test(line)).sort(),
      ['h1', 'h2', 'h3'].flatMap((host) => [`${host} last ok`, `${host} very last ok`]).sort(),
    )
  })

  it('runs notified handlers once, in the order of their definition, and only after a change', async () => {
    const { results } = await bench.run({
      hosts: ['h1'],
      playbook: play(`  handlers:
    - {name: first, ping: }
    - {name: second, ping: , listen: topic}
    - {name: never, ping: }
  tasks:
    - {name: a, command: 'true', notify: topic}
    - {name: b, command: 'true', notify: [second, first]}
    - {name: c, command: 'true', changed_when: false, notify: never}
    - meta: flush_handlers
    - {name: d, ping: }
`),
    })
    assert.deepEqual(results.slice(3), ['h1 first ok', 'h1 second ok', 'h1 d ok'])
  })

  it('gives register, loops and until their results', async () => {
    const result = await bench.run({
      hosts: ['h1'],
      playbook: play(`  tasks:
    - {name: loop, command: 'echo {{ item }}', loop: [a, b], register: out, changed_when: item == 'b'}
    - {name: view, debug: {msg: "{{ out.results | map(attribute='stdout') | join(',') }} {{ out.changed }}"}}
    - {name: until, shell: 'echo x >> FOLDER/n; wc -l < FOLDER/n', register: n, until: n.stdout | int >= 3, retries: 5, delay: 0, changed_when: false}
    - {name: count, debug: {msg: "{{ n.attempts }}"}}
`),
    })
    assert.equal(result.of('view', 'h1').summary, 'a,b True')
    assert.equal(result.of('count', 'h1').summary, '3')
  })

  it('fails after the last retry', async () => {
    const result = await bench.run({
      hosts: ['h1'],
      playbook: play(`  tasks:
    - {name: until, command: 'false', register: n, until: n.rc == 0, retries: 2, delay: 0, ignore_errors: true}
    - {name: count, debug: {msg: "{{ n.attempts }} {{ n.failed }}"}}
`),
    })
    assert.equal(result.of('until', 'h1').status, 'ignored')
    assert.equal(result.of('count', 'h1').summary, '2 True')
  })

  it('fails the task, and not the run, when changed_when or failed_when cannot be evaluated', async () => {
    for (const condition of ['changed_when: nothing.here', 'failed_when: nothing.here == 1']) {
      const { results, outcome } = await bench.run({
        hosts: ['h1', 'h2'],
        playbook: play(`  tasks:
    - {name: t, command: 'true', ${condition}, when: inventory_hostname == 'h1'}
    - {name: after, ping: }
`),
      })
      assert.deepEqual(outcome.failed, ['h1'])
      assert.deepEqual(results, ['h2 t skipped', 'h1 t failed', 'h2 after ok'])
    }
  })

  it('fails the host whose task notifies a handler that is none', async () => {
    const { results, outcome } = await bench.run({
      hosts: ['h1', 'h2'],
      playbook: play(`  handlers: [{name: ring, ping: }]
  tasks:
    - {name: t, command: 'true', notify: "{{ 'ring' if inventory_hostname == 'h2' else 'rnig' }}"}
    - {name: after, ping: }
`),
    })
    assert.deepEqual(outcome.failed, ['h1'])
    assert.ok(results.includes('h2 after ok') && results.includes('h2 ring ok') && !results.includes('h1 after ok'))
  })

  it('hides what a no_log hides that cannot be rendered', async () => {
    const result = await bench.run({
      hosts: ['h1'],
      playbook: play('  tasks:\n    - {name: t, debug: {msg: hidden}, no_log: "{{ nothing }}"}\n'),
    })
    assert.ok(!JSON.stringify(result.events).includes('"hidden"'))
  })

  it('shares the result of run_once with the batch', async () => {
    const result = await bench.run({
      playbook: play(`  tasks:
    - {name: once, command: echo one, run_once: true, register: one, changed_when: false}
    - {name: view, debug: {msg: "{{ one.stdout }}"}}
`),
    })
    assert.equal(result.results.filter((line) => line.includes(' once ')).length, 1)
    assert.equal(result.of('view', 'h3').summary, 'one')
  })

  it('delegates to the controller with the variables of the host', async () => {
    await bench.run({
      playbook: play(`  tasks:
    - copy: {content: "{{ inventory_hostname }}", dest: "FOLDER/{{ inventory_hostname }}"}
      delegate_to: localhost
`),
    })
    assert.equal(readFileSync(join(bench.folder, 'h3'), 'utf8'), 'h3')
  })

  it('never uses a look that an earlier task has made stale', async () => {
    const result = await bench.run({
      hosts: ['h1'],
      playbook: play(`  tasks:
    - {name: one, shell: 'printf "a: 1\\n" > FOLDER/f'}
    - {name: two, lineinfile: {path: FOLDER/f, line: 'b: 2'}}
    - {name: three, lineinfile: {path: FOLDER/f, line: 'c: 3'}}
    - {name: four, copy: {content: "x", dest: FOLDER/other}}
    - {name: five, lineinfile: {path: FOLDER/f, line: 'b: 2'}}
`),
    })
    assert.deepEqual(
      result.results.map((line) => line.split(' ')[2]),
      ['changed', 'changed', 'changed', 'changed', 'ok'],
    )
    assert.equal(readFileSync(join(bench.folder, 'f'), 'utf8'), 'a: 1\nb: 2\nc: 3\n')
  })

  it('runs tasks by tag', async () => {
    const { results } = await bench.run({
      hosts: ['h1'],
      tags: ['x'],
      playbook: play(`  tasks:
    - {name: a, ping: , tags: x}
    - {name: b, ping: }
    - {name: c, ping: , tags: always}
`),
    })
    assert.deepEqual(results, ['h1 a ok', 'h1 c ok'])
  })

  it('finishes the batch after the first interrupt and starts no other', async () => {
    const { results, outcome } = await bench.run({
      playbook: play('  tasks:\n    - {name: a, ping: }\n    - {name: b, ping: }\n', '  serial: 1\n'),
      onEvent: (event, interruption) => {
        if (event.event === 'task-start' && event.task === 'a') interruption.request()
      },
    })
    assert.deepEqual(results, ['h1 a ok', 'h1 b ok'])
    assert.equal(outcome.interrupted, true)
  })
})

describe('a check', () => {
  let bench: PlaybookBench
  beforeEach(() => {
    bench = new PlaybookBench()
  })
  afterEach(() => bench.remove())

  const playbook = `- hosts: all
  gather_facts: false
  handlers:
    - {name: ring, copy: {content: rung, dest: FOLDER/d/rung}}
  tasks:
    - {name: folder, file: {path: FOLDER/d, state: directory, mode: '0750'}}
    - {name: file, copy: {content: "one\\n", dest: FOLDER/d/f, mode: '0640'}, notify: ring}
    - {name: line, lineinfile: {path: FOLDER/d/f, line: two}}
    - {name: mode, file: {path: FOLDER/d/f, mode: '0600'}}
    - {name: same, copy: {content: "one\\ntwo\\n", dest: FOLDER/d/f}}
    - {name: link, file: {path: FOLDER/l, src: FOLDER/d/f, state: link}}
    - {name: gone, file: {path: FOLDER/l, state: absent}}
`
  const changesOf = (result: { events: readonly { event: string }[] }) =>
    result.events.flatMap((event) => ('changes' in event ? [event.changes] : []))

  it('changes nothing, and lists exactly what the run then does', async () => {
    const checked = await bench.run({ playbook, hosts: ['h1'], check: true })
    assert.ok(!existsSync(join(bench.folder, 'd')))
    const done = await bench.run({ playbook, hosts: ['h1'] })
    assert.deepEqual(changesOf(checked), changesOf(done))
    assert.deepEqual(checked.results, done.results)
    assert.equal(readFileSync(join(bench.folder, 'd/f'), 'utf8'), 'one\ntwo\n')
  })

  it('says undetermined of a command, and of what may depend on it', async () => {
    const result = await bench.run({
      hosts: ['h1'],
      check: true,
      playbook: `- hosts: all
  gather_facts: false
  tasks:
    - {name: make, command: 'touch FOLDER/made'}
    - {name: use, lineinfile: {path: FOLDER/made, line: x}}
`,
    })
    assert.deepEqual(result.results, ['h1 make undetermined', 'h1 use undetermined'])
    assert.deepEqual(result.outcome.failed, [])
    assert.ok(!existsSync(join(bench.folder, 'made')))
  })

  it('foresees the same after a task that only foresees, as the run does', async () => {
    const text = `- hosts: all
  gather_facts: false
  tasks:
    - {name: look, copy: {content: x, dest: FOLDER/made}, check_mode: true, changed_when: false, register: look}
    - {name: make, copy: {content: x, dest: FOLDER/made}}
`
    const checked = await bench.run({ hosts: ['h1'], check: true, playbook: text })
    const done = await bench.run({ hosts: ['h1'], playbook: text })
    assert.deepEqual(checked.results, ['h1 look ok', 'h1 make changed'])
    assert.deepEqual(done.results, checked.results)
  })

  it('acts in earnest where check_mode is false', async () => {
    await bench.run({
      hosts: ['h1'],
      check: true,
      playbook: `- hosts: all
  gather_facts: false
  tasks:
    - {name: make, copy: {content: x, dest: FOLDER/made}, check_mode: false}
`,
    })
    assert.ok(existsSync(join(bench.folder, 'made')))
  })
})
