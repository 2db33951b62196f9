import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { CommandBench, jsonLines } from '../support/cli.ts'

describe('elkseal run', () => {
  let bench: CommandBench
  beforeEach(() => {
    bench = new CommandBench()
    bench.file(
      'hosts.ini',
      '[web]\nh1 ansible_connection=local\nh2 ansible_connection=local\n[down]\nd1 ansible_host=127.0.0.1 ansible_port=1\n',
    )
  })
  afterEach(() => bench.remove())

  const playbook = (tasks: string, more = '', hosts = 'web') =>
    bench.file(
      'play.yml',
      `- name: P\n  hosts: ${hosts}\n  gather_facts: false\n${more}  tasks:\n${tasks}`.replaceAll(
        'FOLDER',
        bench.folder,
      ),
    )
  const run = (...more: readonly string[]) => bench.run(['run', 'play.yml', '-i', 'hosts.ini', ...more])

  it('writes one object a line for programs: run, play, batch, tasks, recap', async () => {
    playbook('    - {name: T, copy: {content: x, dest: "FOLDER/{{ inventory_hostname }}"}}\n', '  serial: 1\n')
    const { code, stdout, stderr } = await run('--output', 'json')
    assert.deepEqual([code, stderr], [0, ''])
    const lines = jsonLines(stdout)
    assert.deepEqual(
      lines.map((line) => line['event']),
      ['run', 'play', 'batch', 'task', 'batch', 'task', 'recap'],
    )
    const { changes, summary, duration_ms, ...task } = lines[3] ?? {}
    assert.deepEqual(
      [task['play'], task['task'], task['host'], task['module'], task['status']],
      ['P', 'T', 'h1', 'copy', 'changed'],
    )
    assert.deepEqual([Array.isArray(changes), typeof summary, typeof duration_ms], [true, 'string', 'number'])
    assert.deepEqual(Object.keys(lines[6]?.['hosts'] as object), ['h1', 'h2'])
    assert.deepEqual((lines[6]?.['hosts'] as Record<string, unknown>)['h2'], {
      ok: 1,
      changed: 1,
      unreachable: 0,
      failed: 0,
      skipped: 0,
      rescued: 0,
      ignored: 0,
      undetermined: 0,
    })
  })

  it('says nothing of a play for a product that the inventory does not have', async () => {
    const play = (name: string, hosts: string) =>
      `- {name: ${name}, hosts: '${hosts}', gather_facts: false, tasks: [{debug: {msg: x}}]}\n`
    bench.file('play.yml', play('Clients', 'kibana:metricbeat') + play('Web', 'web'))
    const { code, stdout } = await run()
    assert.equal(code, 0)
    assert.match(stdout, /PLAY \[Web\]/)
    assert.doesNotMatch(stdout, /PLAY \[Clients\]|no hosts matched/)
  })

  it('tells the message of a failed assertion, and no condition where it has one of its own', async () => {
    playbook('    - {name: T, assert: {that: 1 == 2, fail_msg: Numbers differ}}\n')
    assert.doesNotMatch((await run()).stdout, /1 == 2/)
    playbook('    - {name: T, assert: {that: 1 == 2}}\n')
    assert.match((await run()).stdout, /Assertion "1 == 2" does not hold/)
  })

  it('ends with 2 when a host failed, 4 when one was unreachable, also when another failed', async () => {
    playbook("    - {name: T, fail: {msg: no}, when: inventory_hostname == 'h2'}\n")
    assert.equal((await run()).code, 2)
    playbook('    - {name: T, ping: }\n', '', 'down')
    const { code, stdout } = await run()
    assert.equal(code, 4)
    assert.match(stdout, /fatal: \[d1\]: UNREACHABLE! => Cannot connect to "d1" \(127\.0\.0\.1 port 1\).*\n {4}next: /)
    playbook("    - {name: T, command: 'false'}\n", '', 'all')
    assert.equal((await run()).code, 4)
  })

  it('lists hosts, tasks and tags, and touches nothing', async () => {
    playbook('    - {name: T, copy: {content: x, dest: FOLDER/made}, tags: [x]}\n')
    const { code, stdout } = await run('--list-hosts', '--list-tasks', '--list-tags', '--limit', 'h2')
    assert.equal(code, 0)
    assert.match(stdout, /play #1 \(web\): P\tTAGS: \[\]\n {4}pattern: \['web'\]\n {4}hosts \(1\):\n {6}h2\n/)
    assert.match(stdout, /tasks:\n {6}T\tTAGS: \[x\]\n {6}TASK TAGS: \[x\]\n/)
    assert.deepEqual(await run('--syntax-check'), { code: 0, stdout: '', stderr: '' })
    assert.ok(!existsSync(join(bench.folder, 'made')) && !existsSync(join(bench.folder, '.elkseal')))
  })

  it('shows differences only when asked, and none of a check on the disk', async () => {
    playbook('    - {name: T, copy: {content: "new\\n", dest: FOLDER/made}}\n')
    assert.doesNotMatch((await run('--check')).stdout, /\+new/)
    const { code, stdout } = await run('--check', '--diff')
    assert.equal(code, 0)
    assert.match(stdout, /^CHECK MODE[\s\S]*\n\+\+\+ .*made\n@@ -0,0 \+1,1 @@\n\+new\n/)
    assert.ok(!existsSync(join(bench.folder, 'made')) && !existsSync(join(bench.folder, '.elkseal')))
  })

  it('dyes its lines only on a terminal, unless the environment says otherwise', async () => {
    playbook('    - {name: T, ping: }\n')
    const colors = async (env: Record<string, string>) =>
      (await bench.run(['run', 'play.yml', '-i', 'hosts.ini'], { env })).stdout.includes('\u001b[')
    assert.equal(await colors({}), false)
    assert.equal(await colors({ FORCE_COLOR: '1' }), true)
    assert.equal(await colors({ FORCE_COLOR: '0' }), false)
    assert.equal(await colors({ FORCE_COLOR: '1', NO_COLOR: '1' }), false)
  })

  it('takes the inventory of several -i, or of ANSIBLE_INVENTORY', async () => {
    playbook('    - {name: T, ping: }\n', '', 'all')
    bench.file('more.ini', 'h3 ansible_connection=local\n')
    bench.file('hosts.ini', 'h1 ansible_connection=local\n')
    const both = (await run('-i', 'more.ini')).stdout
    for (const host of ['h1', 'h3']) assert.ok(both.includes(`ok: [${host}]`), both)
    const { stdout } = await bench.run(['run', 'play.yml'], { env: { ANSIBLE_INVENTORY: 'more.ini' } })
    assert.match(stdout, /ok: \[h3\]/)
  })

  it('takes variables from -e, the later ones winning', async () => {
    playbook('    - {name: T, debug: {msg: "{{ a }} {{ b }} {{ c }}"}}\n')
    bench.file('vars.yml', 'a: file\nb: file\nc: 3\n')
    const { stdout } = await run('-l', 'h1', '-e', '@vars.yml', '-e', 'a=word', '-e', '{"b": [1]}')
    assert.match(stdout, /ok: \[h1\] => word \[1\] 3/)
  })

  describe('--start-at-task', () => {
    const started = async (tasks: string, name: string, ...more: readonly string[]) => {
      playbook(tasks)
      const { stdout } = await run('--output', 'json', '-l', 'h1', '--start-at-task', name, ...more)
      return jsonLines(stdout).flatMap((line) => (line['event'] === 'task' ? [line['task']] : []))
    }

    const tasks = `    - {name: one, ping: }
    - block:
        - {name: two, ping: , tags: x}
        - {name: three, ping: }
      rescue: [{name: saved, ping: }]
      always: [{name: four, ping: }]
    - {name: two, ping: }
`

    it('leaves out what stands before, blocks included', async () => {
      assert.deepEqual(await started(tasks, 'three'), ['three', 'four', 'two'])
      assert.deepEqual(await started(tasks, 'four'), ['four', 'two'])
      assert.deepEqual(await started(tasks, 't*'), ['two', 'three', 'four', 'two'])
    })

    it('looks only at tasks that the tags select', async () => {
      assert.deepEqual(await started(tasks, 'two', '--skip-tags', 'x'), ['two'])
    })

    it('leaves out whole plays before, and runs the later ones whole, in every batch', async () => {
      bench.file(
        'play.yml',
        `- {hosts: web, gather_facts: false, tasks: [{name: zero, ping: }]}
- {hosts: web, gather_facts: false, serial: 1, tasks: [{name: one, ping: }, {name: two, ping: }]}
- {hosts: h1, gather_facts: false, tasks: [{name: last, ping: }]}
`,
      )
      const { stdout } = await run('--output', 'json', '--start-at-task', 'two')
      assert.deepEqual(
        jsonLines(stdout).flatMap((line) =>
          line['event'] === 'task' ? [`${String(line['host'])} ${String(line['task'])}`] : [],
        ),
        ['h1 two', 'h2 two', 'h1 last'],
      )
    })
  })

  describe('interrupted', () => {
    const slow = '    - {name: slow, shell: "touch FOLDER/started; sleep 3"}\n    - {name: after, ping: }\n'
    /** Presses ctrl-C twice when the slow command runs. */
    const stopAtOnce = (text: string, interrupt: () => void) => {
      if (!text.includes('TASK [slow]')) return
      const timer = setInterval(() => {
        if (!existsSync(join(bench.folder, 'started'))) return
        clearInterval(timer)
        interrupt()
        interrupt()
      }, 10)
    }
    const stopSoon = (text: string, interrupt: () => void) => {
      if (text.includes('TASK [a]')) interrupt()
    }

    it('once: finishes the batch, says what was not begun and how to go on, and ends with 99', async () => {
      playbook('    - {name: a, ping: }\n    - {name: b, ping: }\n', '  serial: 1\n')
      const { code, stdout } = await bench.run(['run', 'play.yml', '-i', 'hosts.ini'], { onOutput: stopSoon })
      assert.equal(code, 99)
      assert.match(stdout, /Interrupted: this batch is finished[\s\S]*TASK \[b\][\s\S]*ok: \[h1\]/)
      assert.match(stdout, /Not begun in play "P": h2[\s\S]*PLAY RECAP[\s\S]*\nh1: done so far/)
      assert.match(
        stdout,
        /\nh2: not begun in "P", unchanged\nNothing was changed. To go on: elkseal resume \S+ -i hosts.ini\n/,
      )
      assert.doesNotMatch(stdout, /ok: \[h2\]/)
    })

    it('twice: waits for nothing, and says of each host how it stands', async () => {
      playbook(slow, '  serial: 1\n')
      const { code, stdout } = await bench.run(['run', 'play.yml', '-i', 'hosts.ini'], { onOutput: stopAtOnce })
      assert.equal(code, 99)
      assert.match(stdout, /fatal: \[h1\]: FAILED! => Stopped by ctrl-C: what was under way may have been done/)
      assert.match(stdout, /Not begun in play "P": h2/)
      assert.match(
        stdout,
        /\nh1: in doubt: "run a command" was begun, whether it was done is not known; 1 change stands\n/,
      )
      assert.match(
        stdout,
        /\nTo go on: elkseal resume (\S+) -i hosts.ini. To undo what was done: elkseal rollback \1 -i hosts.ini\n/,
      )
      assert.doesNotMatch(stdout, /TASK \[after\]/)
    })

    it('twice in a roll: undoes nothing any more, and says so', async () => {
      playbook(
        `    - {name: change, copy: {content: new, dest: FOLDER/f}}\n${slow}`,
        '  serial: 1\n  roll: {rollback: true}\n  vars: {elkseal_backup_dir: FOLDER/backup}\n',
      )
      const { code, stdout } = await bench.run(['run', 'play.yml', '-i', 'hosts.ini'], { onOutput: stopAtOnce })
      assert.equal(code, 99)
      assert.match(stdout, /"h1" is in the middle of its batch: \d+ changes of this run stand, nothing was undone/)
      assert.equal(readFileSync(join(bench.folder, 'f'), 'utf8'), 'new')
    })
  })

  it('keeps a journal that only its owner can read', async () => {
    playbook('    - {name: T, copy: {content: x, dest: FOLDER/made}}\n')
    await run('-l', 'h1')
    const runs = join(bench.folder, '.elkseal/runs')
    const [id = ''] = readdirSync(runs)
    assert.equal(statSync(join(runs, id)).mode & 0o777, 0o700)
    assert.equal(statSync(join(runs, id, 'journal.jsonl')).mode & 0o777, 0o600)
    assert.deepEqual(
      jsonLines(readFileSync(join(runs, id, 'journal.jsonl'), 'utf8')).map((line) => line['record']),
      ['run', 'play', 'batch', 'intent', 'result', 'batch-end', 'end'],
    )
  })
})
