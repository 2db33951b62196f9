import assert from 'node:assert/strict'
import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { CommandBench, jsonLines } from '../support/cli.ts'

describe('elkseal resume of a run of several playbooks', () => {
  let bench: CommandBench
  beforeEach(() => {
    bench = new CommandBench()
    bench.file('hosts.ini', `h1 ansible_connection=local elkseal_backup_dir=${bench.folder}/backup\n`)
    for (const name of ['a', 'b', 'c']) bench.file(`${name}.yml`, writing(name))
  })
  afterEach(() => bench.remove())

  const path = (name: string) => join(bench.folder, name)
  const elkseal = (...words: readonly string[]) => bench.run([...words, '-i', 'hosts.ini'])
  const made = () => ['a', 'b', 'c'].filter((name) => existsSync(path(`${name}.made`)))
  const runs = () => readdirSync(path('.elkseal/runs')).sort()
  const records = (run: string) => jsonLines(readFileSync(path(`.elkseal/runs/${run}/journal.jsonl`), 'utf8'))
  const journaled = () =>
    runs().map((run) => {
      const all = records(run)
      return [String(all[0]?.['playbook']).slice(bench.folder.length + 1), all.at(-1)?.['status']]
    })

  function writing(name: string, before = ''): string {
    const copy = `    - {name: Write, copy: {content: ${name}, dest: ${bench.folder}/${name}.made}}\n`
    return `- name: Play ${name}\n  hosts: all\n  gather_facts: false\n  tasks:\n${before}${copy}`
  }
  const failing = (name: string) => {
    const change = `    - {name: First, copy: {content: x, dest: ${bench.folder}/${name}.first}}\n`
    const wait = `    - {name: Need, stat: {path: ${bench.folder}/allowed}, register: allowed, failed_when: not allowed.stat.exists}\n`
    bench.file(`${name}.yml`, writing(name, change + wait))
  }

  it('goes on with the one that was cut off, and then with those that had not begun', async () => {
    const dying = resolve(import.meta.dirname, '../support/die-at-record.ts')
    const env = { NODE_OPTIONS: `--import=${dying}`, ELKSEAL_DIE: 'behind 4' }
    await bench.process(['run', 'a.yml', 'b.yml', 'c.yml', '-i', 'hosts.ini'], env)
    assert.deepEqual(made(), [])
    const { code, stdout, stderr } = await elkseal('resume')
    assert.equal(code, 0, stdout + stderr)
    assert.deepEqual(made(), ['a', 'b', 'c'])
    const all = ['a.yml', 'b.yml', 'c.yml'].map((name) => [name, 'complete'])
    assert.deepEqual(journaled(), all)
    assert.match(stdout, /Behind it follow "\S+\/b\.yml", "\S+\/c\.yml"\n/)
    assert.equal((await elkseal('resume')).code, 1)
  })

  it('says what has not begun, and goes on with that again when it is cut off again', async () => {
    failing('b')
    const first = await elkseal('run', 'a.yml', 'b.yml', 'c.yml')
    assert.deepEqual([first.code, made()], [2, ['a']])
    const said = /Not begun: playbook "\S+\/c\.yml"\n[\s\S]*To go on, and then with what has not begun: elkseal resume /
    assert.match(first.stdout, said)
    const second = await elkseal('resume')
    assert.deepEqual([second.code, made()], [2, ['a']])
    assert.match(second.stdout, said)
    bench.file('allowed', '')
    const third = await elkseal('resume')
    assert.equal(third.code, 0, third.stdout + third.stderr)
    assert.deepEqual(made(), ['a', 'b', 'c'])
    assert.deepEqual(journaled(), [
      ['a.yml', 'complete'],
      ['b.yml', 'complete'],
      ['c.yml', 'complete'],
    ])
  })

  it('goes on with one of those behind by the journal of its own, when that is cut off', async () => {
    failing('a')
    failing('b')
    assert.equal((await elkseal('run', 'a.yml', 'b.yml', 'c.yml')).code, 2)
    bench.file('a.yml', writing('a'))
    assert.equal((await elkseal('resume', '--allow-changed-playbook')).code, 2)
    assert.deepEqual(made(), ['a'])
    bench.file('allowed', '')
    const { code, stdout } = await elkseal('resume')
    assert.deepEqual([code, made()], [0, ['a', 'b', 'c']], stdout)
    assert.equal(runs().length, 3)
  })

  it('changes nothing when one of those behind has changed, is gone, or is wrong', async () => {
    failing('a')
    assert.equal((await elkseal('run', 'a.yml', 'b.yml')).code, 2)
    bench.file('allowed', '')
    const refused = async (says: RegExp) => {
      const { code, stderr } = await elkseal('resume')
      assert.equal(code, 1)
      assert.match(stderr, says)
      assert.deepEqual(made(), [])
    }
    appendFileSync(path('b.yml'), '# changed\n')
    await refused(/The playbook "\S+\/b\.yml", or a file that it imports, has changed since the run began/)
    bench.file('b.yml', '- hosts: nobody\n  tasks: [{nothing: }]\n')
    await refused(/nothing/)
    rmSync(path('b.yml'))
    await refused(/The playbook "\S+\/b\.yml" of the run is gone/)
  })

  it('looks at all of them with --check', async () => {
    failing('a')
    await elkseal('run', 'a.yml', 'b.yml')
    bench.file('allowed', '')
    const { code, stdout } = await elkseal('resume', '--check')
    assert.equal(code, 0, stdout)
    assert.match(stdout, /changed: \[h1\][^\n]*a\.made[\s\S]*changed: \[h1\][^\n]*b\.made/)
    assert.deepEqual([made(), runs().length], [[], 1])
  })

  it('has the variables beside the first playbook for all of them, as the command had', async () => {
    for (const folder of ['one', 'two']) bench.file(`${folder}/group_vars/all.yml`, `word: ${folder}\n`)
    bench.file('one/a.yml', writing('a'))
    failing('two/b')
    bench.file('two/b.yml', readFileSync(path('two/b.yml'), 'utf8').replace('content: two/b', 'content: "{{ word }}"'))
    assert.equal((await elkseal('run', 'one/a.yml', 'two/b.yml')).code, 2)
    bench.file('allowed', '')
    const { code, stdout } = await elkseal('resume')
    assert.equal(code, 0, stdout)
    assert.equal(readFileSync(path('two/b.made'), 'utf8'), 'one')
  })

  it('names those behind one that is complete', async () => {
    failing('b')
    await elkseal('run', 'a.yml', 'b.yml')
    const { code, stderr } = await elkseal('resume', runs()[0] ?? '')
    assert.equal(code, 1)
    assert.match(stderr, /is complete: .*\n.*; behind it follows "\S+\/b\.yml", which is a run of its own/)
  })
})
