import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { PlaybookBench, type PlaybookResult } from '../../support/playbook-run.ts'

/** docs/adr/0010: what several tasks change of one host's files is sent together, and nobody can tell. */
describe('changes that are sent together', () => {
  let bench: PlaybookBench
  beforeEach(() => {
    bench = new PlaybookBench()
  })
  afterEach(() => bench.remove())

  const run = (tasks: string, more = '', hosts: readonly string[] = ['h1']): Promise<PlaybookResult> =>
    bench.run({ hosts, playbook: `- hosts: all\n  gather_facts: false\n${more}  tasks:\n${tasks}` })
  const statuses = ({ results }: PlaybookResult) => results.map((line) => line.split(' ').slice(1).join(' '))
  const content = (name: string) => readFileSync(join(bench.folder, name), 'utf8')

  it('see what those ahead of them leave: a folder, a file in it, its lines, its mode', async () => {
    const tasks = `    - {name: folder, file: {path: FOLDER/d, state: directory, mode: '0750'}}
    - {name: file, copy: {content: "a: 1\\n", dest: FOLDER/d/f, mode: '0600'}}
    - {name: same, copy: {content: "a: 1\\n", dest: FOLDER/d/f}}
    - {name: line, lineinfile: {path: FOLDER/d/f, regexp: '^a:', line: 'a: 2'}}
    - {name: other, lineinfile: {path: FOLDER/d/f, line: 'b: 3'}}
    - {name: mode, file: {path: FOLDER/d/f, mode: '0640'}}
`
    assert.deepEqual(statuses(await run(tasks)), [
      'folder changed',
      'file changed',
      'same ok',
      'line changed',
      'other changed',
      'mode changed',
    ])
    assert.equal(content('d/f'), 'a: 2\nb: 3\n')
    assert.equal(lstatSync(join(bench.folder, 'd/f')).mode & 0o7777, 0o640)
  })

  it('end at one that fails on the host: what is behind it is not made', async () => {
    const { results } = await run(`    - {name: one, copy: {content: x, dest: FOLDER/a}}
    - {name: two, copy: {content: x, dest: FOLDER/b, validate: /bin/false %s}}
    - {name: three, copy: {content: x, dest: FOLDER/c}}
`)
    assert.deepEqual(results, ['h1 one changed', 'h1 two failed'])
    assert.deepEqual(
      ['a', 'b', 'c'].map((name) => existsSync(join(bench.folder, name))),
      [true, false, false],
    )
  })

  it('are made in their turn when the failure is ignored, and not when a rescue follows it', async () => {
    const bad = `copy: {content: x, dest: FOLDER/b, validate: /bin/false %s}`
    const ignored = await run(`    - {name: one, ${bad}, ignore_errors: true}
    - {name: two, copy: {content: x, dest: FOLDER/c}}
`)
    assert.deepEqual(statuses(ignored), ['one ignored', 'two changed'])
    assert.equal(content('c'), 'x')
    rmSync(join(bench.folder, 'c'))
    const rescued = await run(`    - block:
        - {name: one, ${bad}}
        - {name: two, copy: {content: x, dest: FOLDER/c}}
      rescue:
        - {name: three, copy: {content: x, dest: FOLDER/d}}
`)
    assert.deepEqual(statuses(rescued), ['one failed', 'three changed'])
    assert.deepEqual(
      ['c', 'd'].map((name) => existsSync(join(bench.folder, name))),
      [false, true],
    )
  })

  it('wait for a task that another one registers, judges, or runs a command between', async () => {
    const { results } = await run(`    - {name: one, copy: {content: x, dest: FOLDER/a}, register: one}
    - {name: two, copy: {content: x, dest: FOLDER/b}, when: one is not changed}
    - {name: three, copy: {content: x, dest: FOLDER/c}, changed_when: false, failed_when: true}
    - {name: four, copy: {content: x, dest: FOLDER/d}}
`)
    assert.deepEqual(results, ['h1 one changed', 'h1 two skipped', 'h1 three failed'])
    assert.equal(existsSync(join(bench.folder, 'd')), false)
    const seen = await run(`    - {name: one, copy: {content: "x\\n", dest: FOLDER/e}}
    - {name: two, command: cp FOLDER/e FOLDER/f}
    - {name: three, lineinfile: {path: FOLDER/f, line: y}}
`)
    assert.deepEqual(statuses(seen), ['one changed', 'two changed', 'three changed'])
    assert.equal(content('f'), 'x\ny\n')
  })

  it('wait for a task that changes nothing, but may fail, or give what comes behind it a variable', async () => {
    const fails = await run(`    - {name: one, copy: {content: x, dest: FOLDER/a}}
    - {name: two, stat: {path: FOLDER/allowed}, register: allowed, failed_when: not allowed.stat.exists}
    - {name: three, copy: {content: x, dest: FOLDER/b}}
`)
    assert.deepEqual(statuses(fails), ['one changed', 'two failed'])
    assert.equal(existsSync(join(bench.folder, 'b')), false)
    const gives = await run(
      `    - {name: one, copy: {content: x, dest: FOLDER/c}}
    - {name: two, set_fact: {text: new}}
    - {name: three, copy: {content: "{{ text }}", dest: FOLDER/d}}
    - {name: four, stat: {path: FOLDER/d}, register: text}
    - {name: five, copy: {content: "{{ text.stat.exists }}", dest: FOLDER/e}}
    - {name: six, copy: {content: x, dest: FOLDER/f}}
    - {name: seven, copy: {content: x, dest: FOLDER/g}, register: text, when: false}
    - {name: eight, copy: {content: "{{ text is skipped }}", dest: FOLDER/h}}
`,
      '  vars: {text: old}\n',
    )
    assert.deepEqual(gives.results.length, 8)
    assert.deepEqual(['d', 'e', 'h'].map(content), ['new', 'True', 'True'])
  })

  it('wait for a task that reads here what they write here', async () => {
    bench.file('a', 'old')
    const result = await run(`    - {name: one, copy: {content: new, dest: FOLDER/a}}
    - {name: two, copy: {src: FOLDER/a, dest: FOLDER/b}}
    - {name: three, copy: {content: newer, dest: FOLDER/a}}
    - {name: four, template: {src: FOLDER/a, dest: FOLDER/c}}
`)
    assert.equal(result.results.length, 4)
    assert.deepEqual(['b', 'c'].map(content), ['new', 'newer'])
  })

  it('wait for a task that asks which hosts are still well', async () => {
    const bad = "{{ '/bin/false' if inventory_hostname == 'h2' else '/bin/true' }} %s"
    const tasks = `    - {name: one, copy: {content: x, dest: 'FOLDER/{{ inventory_hostname }}.a', validate: "${bad}"}}
    - {name: two, copy: {content: "{{ ansible_play_hosts | join }}", dest: FOLDER/well}}
`
    await run(tasks, '', ['h1', 'h2'])
    assert.equal(content('well'), 'h1')
  })

  it('wait for the other hosts where their failure would stop the play', async () => {
    const tasks = `    - name: one
      copy: {content: x, dest: 'FOLDER/{{ inventory_hostname }}.a', validate: "{{ '/bin/false' if inventory_hostname == 'h2' else '/bin/true' }} %s"}
    - {name: two, copy: {content: x, dest: 'FOLDER/{{ inventory_hostname }}.b'}}
`
    for (const fatal of ['  any_errors_fatal: true\n', '  max_fail_percentage: 10\n']) {
      await run(tasks, fatal, ['h1', 'h2'])
      const made = readdirSync(bench.folder).filter((name) => name.endsWith('.b'))
      if (fatal.includes('any_errors')) assert.deepEqual(made, [], fatal)
      for (const name of made) rmSync(join(bench.folder, name))
    }
    await run(tasks, '', ['h1', 'h2'])
    assert.deepEqual(
      readdirSync(bench.folder).filter((name) => name.endsWith('.b')),
      ['h1.b'],
    )
  })

  it('leave the same files and the same results as one by one, whatever the tasks', async function () {
    this.timeout(120_000)
    const path = fc.constantFrom('d', 'd/a', 'd/b', 'e', 'e/a', 'f')
    // With these it is known whose a new file is, and more can be foreseen.
    const [owner = '', group = ''] = ['-un', '-gn'].map((word) =>
      execFileSync('id', [word], { encoding: 'utf8' }).trim(),
    )
    const own = fc.constantFrom('', `, owner: ${owner}, group: ${group}`)
    const action = fc.oneof(
      fc.tuple(path, own).map(([at, who]) => `file: {path: 'FOLDER/t/${at}', state: directory${who}}`),
      path.map((at) => `file: {path: 'FOLDER/t/${at}', state: absent}`),
      fc
        .tuple(path, fc.constantFrom('0600', '0750', 'u+x'))
        .map(([at, mode]) => `file: {path: 'FOLDER/t/${at}', mode: '${mode}'}`),
      fc.tuple(path, path).map(([at, src]) => `file: {path: 'FOLDER/t/${at}', src: 'FOLDER/t/${src}', state: link}`),
      fc
        .tuple(path, fc.constantFrom('x', 'y'), own)
        .map(([at, text, who]) => `copy: {content: "${text}\\n", dest: 'FOLDER/t/${at}'${who}}`),
      fc
        .tuple(path, fc.constantFrom('x', 'y', 'z'), own)
        .map(([at, line, who]) => `lineinfile: {path: 'FOLDER/t/${at}', line: ${line}, create: true${who}}`),
      path.map((at) => `command: touch FOLDER/t/${at}`),
      path.map((at) => `stat: {path: FOLDER/t/${at}}, register: seen, failed_when: not seen.stat.exists`),
      path.map((at) => `copy: {content: "{{ seen.stat.exists | default('no') }}", dest: FOLDER/t/${at}}`),
      fc.constantFrom('x', 'y').map((text) => `set_fact: {given: ${text}}`),
      path.map((at) => `copy: {content: "{{ given | default('no') }}", dest: FOLDER/t/${at}}, register: seen`),
      path.map((at) => `template: {src: FOLDER/source, dest: FOLDER/t/${at}}, notify: tell`),
    )
    bench.file('source', '{{ given | default(1) }}')
    const handler = '  handlers:\n    - {name: tell, command: touch FOLDER/t/told}\n'
    const task = fc.record({ action, ignored: fc.boolean(), runs: fc.integer({ min: 0, max: 9 }) })
    await fc.assert(
      fc.asyncProperty(fc.array(task, { minLength: 2, maxLength: 9 }), async (tasks) => {
        const text = tasks
          .map(
            (one, index) =>
              `    - {name: t${String(index)}, ${one.action}, ignore_errors: ${String(one.ignored)}, when: ${String(one.runs > 0)}}\n`,
          )
          .join('')
        const outcomes: unknown[] = []
        // With any_errors_fatal nothing is sent ahead; for one host it says nothing else.
        for (const more of ['', '  any_errors_fatal: true\n']) {
          rmSync(join(bench.folder, 't'), { recursive: true, force: true })
          mkdirSync(join(bench.folder, 't'))
          outcomes.push([statuses(await run(text + handler, more)), treeOf(join(bench.folder, 't'))])
        }
        assert.deepEqual(outcomes[0], outcomes[1], text)
      }),
      { numRuns: 60 },
    )
  })
})

function treeOf(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const at = join(folder, name)
      const found = lstatSync(at)
      const what = found.isFile() ? readFileSync(at, 'utf8') : found.isSymbolicLink() ? 'link' : 'folder'
      return `${name} ${(found.mode & 0o7777).toString(8)} ${what}`
    })
}
