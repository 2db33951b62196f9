import assert from 'node:assert/strict'
import {
  appendFileSync,
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join, resolve } from 'node:path'
import { CommandBench, jsonLines } from '../support/cli.ts'

describe('elkseal resume and rollback', () => {
  let bench: CommandBench
  beforeEach(() => {
    bench = new CommandBench()
    bench.file(
      'hosts.ini',
      '[web]\nh1 ansible_connection=local\nh2 ansible_connection=local\n[web:vars]\nelkseal_backup_dir=FOLDER/backup\n'.replaceAll(
        'FOLDER',
        bench.folder,
      ),
    )
  })
  afterEach(() => bench.remove())

  const path = (name: string) => join(bench.folder, name)
  const read = (name: string) => readFileSync(path(name), 'utf8')
  const playbook = (text: string) => bench.file('play.yml', text.replaceAll('FOLDER', bench.folder))
  const elkseal = (...words: readonly string[]) => bench.run([...words, '-i', 'hosts.ini'])
  const runs = () => readdirSync(path('.elkseal/runs'))
  const journal = (): string => path(`.elkseal/runs/${runs()[0] ?? ''}/journal.jsonl`)
  const records = () => jsonLines(readFileSync(journal(), 'utf8'))

  /** Leaves of the only journal what a crash behind that record would have left. */
  const crashBehind = (fits: (record: Record<string, unknown>) => boolean, torn = '') => {
    const lines = readFileSync(journal(), 'utf8').split('\n')
    const at = lines.findIndex((line) => line !== '' && fits(JSON.parse(line) as Record<string, unknown>))
    assert.ok(at >= 0)
    writeFileSync(journal(), `${lines.slice(0, at + 1).join('\n')}\n${torn}`)
  }

  const two = `- name: P
  hosts: web
  gather_facts: false
  serial: 1
  tasks:
    - {name: conf, copy: {content: "new\\n", dest: "FOLDER/{{ inventory_hostname }}.conf", mode: '0600'}}
    - {name: fresh, copy: {content: "x", dest: "FOLDER/{{ inventory_hostname }}.fresh"}}
`

  const oldFiles = () => {
    for (const host of ['h1', 'h2']) {
      bench.file(`${host}.conf`, `old of ${host}\n`)
      chmodSync(path(`${host}.conf`), 0o640)
      utimesSync(path(`${host}.conf`), 1_600_000_000, 1_600_000_000)
    }
  }
  const picture = () =>
    readdirSync(bench.folder)
      .filter((name) => /\.(conf|fresh)$/.test(name))
      .sort()
      .map((name) => {
        const { mode, mtimeMs, uid, gid } = statSync(path(name))
        return [name, read(name), mode, mtimeMs, uid, gid]
      })

  it('rolls the latest run back: content, owner, mode and times, and new files are gone', async () => {
    oldFiles()
    const before = picture()
    playbook(two)
    assert.equal((await elkseal('run', 'play.yml')).code, 0)
    assert.equal(read('h1.conf'), 'new\n')
    const checked = await elkseal('rollback', '--check')
    assert.equal(checked.code, 0, checked.stdout + checked.stderr)
    assert.match(checked.stdout, /undo: write .*h2\.conf[\s\S]*undo: write .*h1\.conf/)
    assert.equal(read('h1.conf'), 'new\n')
    const { code, stdout, stderr } = await elkseal('rollback')
    assert.equal(code, 0, stdout + stderr)
    assert.deepEqual(picture(), before)
    assert.match(stdout, /Run \S+ is undone/)
    const again = await elkseal('rollback')
    assert.equal(again.code, 1)
    assert.match(again.stderr, /No run that changed anything is kept/)
  })

  it('rolls back one host with --limit, and the other later', async () => {
    oldFiles()
    const before = picture()
    playbook(two)
    await elkseal('run', 'play.yml')
    assert.equal((await elkseal('rollback', '--limit', 'h2')).code, 0)
    assert.deepEqual([read('h1.conf'), read('h2.conf')], ['new\n', 'old of h2\n'])
    assert.equal((await elkseal('rollback')).code, 0)
    assert.deepEqual(picture(), before)
  })

  it('keeps a version that somebody else made since, and tells where', async () => {
    oldFiles()
    playbook(two)
    await elkseal('run', 'play.yml')
    appendFileSync(path('h1.conf'), 'by hand\n')
    const { stdout } = await elkseal('rollback')
    const [, kept = ''] =
      /changed a file on "h1" after the run: that version is kept there as "(.+)"/.exec(stdout) ?? []
    assert.equal(readFileSync(kept, 'utf8'), 'new\nby hand\n')
    assert.equal(read('h1.conf'), 'old of h1\n')
    assert.doesNotMatch(stdout, /on "h2" after the run/)
  })

  it('tells what nothing undoes, and undoes the rest', async () => {
    playbook(`- hosts: h1
  gather_facts: false
  tasks:
    - {name: cmd, command: touch FOLDER/made}
    - {name: look, command: 'true', changed_when: false}
    - {name: conf, copy: {content: x, dest: FOLDER/h1.fresh}}
`)
    await elkseal('run', 'play.yml')
    const { code, stdout } = await elkseal('rollback')
    assert.equal(code, 0, stdout)
    assert.ok(existsSync(path('made')) && !existsSync(path('h1.fresh')))
    assert.match(stdout, /undone: 1 change; nothing undoes: run a command\n/)
    assert.match(stdout, /next: Look at "h1" whether these need to be undone by hand/)
  })

  it('undoes what was done on this machine too, but not with --limit', async () => {
    bench.file('store.conf', 'old')
    playbook(`- hosts: web
  gather_facts: false
  tasks:
    - {name: store, copy: {content: new, dest: FOLDER/store.conf}, delegate_to: localhost, run_once: true}
    - {name: conf, copy: {content: x, dest: "FOLDER/{{ inventory_hostname }}.fresh"}}
`)
    await elkseal('run', 'play.yml')
    await elkseal('rollback', '-l', 'h1')
    assert.equal(read('store.conf'), 'new')
    const { stdout } = await elkseal('rollback', '--output', 'json')
    assert.equal(read('store.conf'), 'old')
    const hosts = jsonLines(stdout).flatMap((line) => (line['event'] === 'task' ? [line['host']] : []))
    assert.deepEqual(hosts, ['h2', 'localhost'])
  })

  it('resumes the latest run that was cut off under its own name, and tells how each host stands', async () => {
    oldFiles()
    const before = picture()
    playbook(two)
    await elkseal('run', 'play.yml')
    const [id] = runs()
    crashBehind((record) => record['record'] === 'intent' && record['host'] === 'h2', '{"at":"2026-')
    bench.file('h2.conf', 'old of h2\n')
    rmSync(path('h2.fresh'))
    const { code, stdout, stderr } = await elkseal('resume')
    assert.equal(code, 0, stdout + stderr)
    assert.match(stdout, /h1: done so far, 2 changes stand\nh2: in doubt: "write .*h2\.conf.*" was begun/)
    assert.match(stdout, /ok: \[h1\][\s\S]*changed: \[h2\]/)
    assert.deepEqual(runs(), [id])
    assert.deepEqual(records().filter(({ record }) => record === 'resumed' || record === 'end').length, 2)
    assert.equal((await elkseal('resume')).code, 1)
    assert.equal((await elkseal('rollback')).code, 0)
    // What stood there when the run began.
    assert.deepEqual(
      picture().map(([name, text]) => [name, text]),
      before.map(([name, text]) => [name, text]),
    )
  })

  it('says of what no old version is kept any more, undoes the rest, and ends with 2', async () => {
    oldFiles()
    playbook(two)
    await elkseal('run', 'play.yml')
    const folder = path(`backup/${runs()[0] ?? ''}`)
    for (const name of readdirSync(folder)) if (!name.includes('.') && name !== 'manifest') rmSync(join(folder, name))
    const { code, stdout } = await elkseal('rollback')
    assert.equal(code, 2, stdout)
    assert.match(stdout, /undone: 1 change; no old version is kept: write .*h2\.conf/)
    assert.match(stdout, /Run \S+ is undone, but for what is named above/)
    assert.deepEqual([existsSync(path('h1.fresh')), read('h1.conf')], [false, 'new\n'])
  })

  it('goes on with a run that changed something, not with a later one that did not begin', async () => {
    playbook(two)
    await elkseal('run', 'play.yml')
    crashBehind((record) => record['record'] === 'result')
    const [first = ''] = runs()
    bench.file('other.yml', '- {hosts: web, gather_facts: false, tasks: [{fail: {msg: no}}]}\n')
    assert.equal((await elkseal('run', 'other.yml')).code, 2)
    const { code, stdout } = await elkseal('resume')
    assert.equal(code, 0)
    assert.ok(stdout.includes(`Run ${first} of `), stdout)
  })

  it('goes on, and back, after the process was killed', async () => {
    oldFiles()
    const before = picture()
    playbook(two)
    const dying = resolve(import.meta.dirname, '../support/die-at-record.ts')
    const env = { NODE_OPTIONS: `--import=${dying}`, ELKSEAL_DIE: 'before the next 5' }
    await bench.process(['run', 'play.yml', '-i', 'hosts.ini'], env)
    assert.deepEqual(
      records().map(({ record }) => record),
      ['run', 'play', 'batch', 'intent', 'intent'],
    )
    // Before the first result is written, the one that it is of is made.
    assert.deepEqual([read('h1.conf'), read('h2.conf')], ['new\n', 'old of h2\n'])
    const { code, stdout } = await elkseal('resume')
    assert.equal(code, 0, stdout)
    assert.match(stdout, /\nh1: in doubt: [\s\S]*\nh2: not begun in "P", unchanged\n/)
    assert.equal((await elkseal('rollback')).code, 0)
    assert.deepEqual(picture(), before)
  })

  describe('refuses to resume', () => {
    const cutOff = async (...words: readonly string[]) => {
      playbook(two)
      await elkseal('run', 'play.yml', ...words)
      crashBehind((record) => record['record'] === 'batch')
    }
    const refused = async (says: RegExp, ...words: readonly string[]) => {
      const { code, stderr } = await elkseal('resume', ...words)
      assert.equal(code, 1)
      assert.match(stderr, says)
    }

    it('a run that is complete, by name', async () => {
      playbook(two)
      await elkseal('run', 'play.yml')
      await refused(/is complete: there is nothing to go on with/, runs()[0] ?? '')
      await refused(/There is no run "other"/, 'other')
    })

    it('with a playbook that has changed, unless that is allowed', async () => {
      await cutOff()
      appendFileSync(path('play.yml'), '# changed\n')
      await refused(/has changed since the run began/)
      assert.equal((await elkseal('resume', '--allow-changed-playbook')).code, 0)
    })

    it('with another inventory, and with other variables, all told together', async () => {
      await cutOff('-e', 'a=1')
      bench.file('more.ini', 'h3 ansible_connection=local\n')
      await refused(
        /had another inventory[\s\S]*was given "a" with -e[\s\S]*was not given "b" with -e/,
        '-e',
        'b=1',
        '-i',
        'more.ini',
      )
      assert.equal((await elkseal('resume', '-e', 'a=2')).code, 0)
    })

    it('a part of the hosts', async () => {
      await cutOff()
      await refused(/is resumed for all its hosts/, '--limit', 'h1')
    })

    it('a run that was rolled back', async () => {
      playbook(two)
      await elkseal('run', 'play.yml')
      crashBehind((record) => record['record'] === 'result')
      assert.equal((await elkseal('rollback')).code, 0)
      await refused(/was rolled back/, runs()[0] ?? '')
    })
  })

  it('keeps the limit and the tags of the run', async () => {
    playbook(two.replace('name: fresh,', 'name: fresh, tags: [x],'))
    await elkseal('run', 'play.yml', '-l', 'h2', '--tags', 'x')
    crashBehind((record) => record['record'] === 'batch')
    rmSync(path('h2.fresh'))
    const { code, stdout } = await elkseal('resume', '--output', 'json')
    assert.equal(code, 0, stdout)
    const tasks = jsonLines(stdout).filter((line) => line['event'] === 'task')
    assert.deepEqual(
      tasks.map(({ host, task, status }) => [host, task, status]),
      [['h2', 'fresh', 'changed']],
    )
  })

  it('keeps no value of a variable and no password', async () => {
    playbook(two)
    await elkseal('run', 'play.yml', '-e', 'token=sesame-17', '-e', 'ansible_become_password=hunter2-22')
    assert.doesNotMatch(readFileSync(journal(), 'utf8'), /sesame-17|hunter2-22/)
    assert.deepEqual(records()[0]?.['extraVars'], ['ansible_become_password', 'token'])
  })

  it('keeps as many runs as elkseal_keep_runs says, and looks do not push out changes', async () => {
    const words = ['run', 'play.yml', '-e', 'elkseal_keep_runs=2', '-l', 'h1'] as const
    const changing = (n: number) =>
      playbook(`- {hosts: all, gather_facts: false, tasks: [{copy: {content: "${String(n)}", dest: FOLDER/f}}]}\n`)
    for (const n of [1, 2, 3]) {
      changing(n)
      await elkseal(...words)
    }
    assert.equal(runs().length, 2)
    for (let look = 0; look < 3; look += 1) await elkseal(...words)
    assert.equal(runs().length, 4)
    assert.equal(readdirSync(path('backup')).length, 2)
    assert.equal((await elkseal('rollback')).code, 0)
    assert.equal(read('f'), '2')
  })
})
