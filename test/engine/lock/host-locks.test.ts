import assert from 'node:assert/strict'
import { existsSync, rmSync, utimesSync } from 'node:fs'
import { lookAround } from '../../../src/engine/lock/controller-process.ts'
import { elsewhere, lockBench } from '../../support/lock-bench.ts'

describe('Two runs on the same hosts', () => {
  const bench = lockBench()

  const changing = () =>
    bench.playbook('change.yml', ['{ name: Make, file: { path: "{{ place }}/made", state: directory } }'])
  const made = () => bench.names.filter((name) => existsSync(bench.path(name, 'made')))

  it('a run holds a lock on every host while it changes them, and none before and after', async () => {
    const playbook = bench.playbook('look.yml', [
      '{ name: Look, stat: { path: "{{ place }}" } }',
      '{ name: See, command: "ls {{ place }}/elkseal/lock", register: seen }',
      '{ name: Tell, debug: { msg: "{{ seen.stdout_lines | length }} lock of {{ inventory_hostname }}" } }',
    ])
    const { code, stdout } = await bench.run(playbook)
    assert.equal(code, 0, stdout)
    for (const name of bench.names) {
      assert.match(stdout, new RegExp(`1 lock of ${name}`))
      assert.deepEqual(bench.locks(name), [])
    }
  })

  it('the second is told once who, since when, from where and doing what; nothing is changed', async () => {
    bench.plant('es2', elsewhere)
    bench.plant('es3', elsewhere)
    const { code, stderr } = await bench.run(changing())
    assert.equal(code, 2)
    assert.match(stderr, /Another run is at work on "es2", "es3": anna@ctl7 \(pid 4711\), run 2026-11-24T19-45-15-3f2a/)
    assert.match(stderr, /since 2026-11-24 19:45:15 UTC, "renew\.yml" with --limit "es\*"; last sign of life \d+ s ago/)
    assert.match(stderr, /elkseal unlock --id 2026-11-24T19-45-15-3f2a/)
    assert.equal(stderr.match(/anna@ctl7/g)?.length, 1)
    assert.deepEqual(made(), [])
    assert.deepEqual(bench.locks('es1'), [])
    assert.deepEqual(bench.locks('es2'), [elsewhere.lock])
  })

  it("a run that has nothing to change is refused by nobody, and is in nobody's way", async () => {
    await bench.run(changing())
    bench.plant('es2', elsewhere)
    const { code, stdout } = await bench.run(changing())
    assert.equal(code, 0, stdout)
    assert.match(stdout, /Another run holds the lock of "es2"/)
    assert.deepEqual(bench.locks('es1'), [])
  })

  it('a check takes no lock', async () => {
    bench.plant('es2', elsewhere)
    assert.equal((await bench.run(changing(), ['--check'])).code, 0)
  })

  it('a run on other hosts goes on', async () => {
    bench.plant('es2', elsewhere)
    const { code } = await bench.run(changing(), ['--limit', 'es1,es3'])
    assert.equal(code, 0)
    assert.deepEqual(made(), ['es1', 'es3'])
  })

  it('a lock without a sign of life for long is called stale, and stays', async () => {
    const hourAgo = new Date(Date.now() - 3_600_000)
    utimesSync(bench.plant('es2', elsewhere), hourAgo, hourAgo)
    const { code, stderr } = await bench.run(changing())
    assert.equal(code, 2)
    assert.match(stderr, /The stale lock of another run is on "es2"/)
    assert.deepEqual(made(), [])
  })

  it('the lock of a process of this machine that has ended is taken over, and that is told', async () => {
    const { self, controller } = lookAround()
    const dead = { ...elsewhere, controller, process: { ...self, startTicks: '1' } }
    bench.plant('es1', dead)
    bench.plant('es3', dead)
    const { code, stdout } = await bench.run(changing())
    assert.equal(code, 0, stdout)
    assert.match(stdout, /Took over the lock on "es1", "es3" of a run that ended without releasing it/)
    assert.deepEqual(made(), bench.names)
    for (const name of bench.names) assert.deepEqual(bench.locks(name), [])
  })

  it('is released after a failure', async () => {
    const playbook = bench.playbook('fail.yml', ['{ name: Fail, command: "false" }'])
    assert.equal((await bench.run(playbook)).code, 2)
    for (const name of bench.names) assert.deepEqual(bench.locks(name), [])
  })

  for (const times of [1, 2]) {
    it(`is released after ctrl-C, pressed ${times === 1 ? 'once' : 'twice'}`, async () => {
      const playbook = bench.playbook('slow.yml', [
        '{ name: Slow, command: "sleep 0.5" }',
        '{ name: More, command: "true" }',
      ])
      let pressed = false
      const result = await bench.run(playbook, [], {
        onOutput: (text, interrupt) => {
          if (!pressed && text.includes('Slow')) {
            pressed = true
            setTimeout(() => {
              for (let press = 0; press < times; press += 1) interrupt()
            }, 250)
          }
        },
      })
      assert.equal(result.code, 99, result.stdout + result.stderr)
      if (times === 1) for (const name of bench.names) assert.deepEqual(bench.locks(name), [])
    })
  }

  it('looks that are older than the end of another run are not acted on', async () => {
    const lock = bench.plant('es2', elsewhere)
    const playbook = bench.playbook('late.yml', [
      '{ name: Look, stat: { path: "{{ place }}" } }',
      '{ name: Wait, wait_for: { path: "{{ place }}/go", timeout: 20 } }',
      '{ name: Make, file: { path: "{{ place }}/made", state: directory } }',
    ])
    let freed = false
    const { code, stderr } = await bench.run(playbook, [], {
      onOutput: (text) => {
        if (freed || !text.includes('Another run holds the lock of "es2"')) return
        freed = true
        // As that run does when it ends.
        bench.cli.file('es2/elkseal/lock.last', `${JSON.stringify(elsewhere)}\n`)
        rmSync(lock)
        for (const name of bench.names) bench.cli.file(`${name}/go`, '')
      },
    })
    assert.equal(code, 2)
    assert.match(stderr, /Another run ended on "es2" while this one was looking/)
    assert.deepEqual(made(), [])
    for (const name of bench.names) assert.deepEqual(bench.locks(name), [])
  })

  it('a run that was refused is none to go on with', async () => {
    const unfinished = bench.playbook('fail.yml', ['{ name: Fail, command: "false" }'])
    await bench.run(unfinished)
    bench.plant('es2', elsewhere)
    await bench.run(changing())
    const { stdout } = await bench.cli.run(['resume', '-i', bench.path('hosts.yml'), '--output', 'plain'])
    assert.match(stdout, /of ".*fail\.yml" goes on/)
  })

  it('elkseal_lock: false does without', async () => {
    bench.plant('es2', elsewhere)
    const { code } = await bench.run(changing(), ['-e', 'elkseal_lock=false'])
    assert.equal(code, 0)
    assert.deepEqual(bench.locks('es1'), [])
  })

  it('a host that cannot hold a lock fails by itself, unchanged; the others go on', async () => {
    bench.cli.file('es2/elkseal', 'no folder')
    const { code, stdout } = await bench.run(changing())
    assert.equal(code, 2)
    assert.match(stdout, /Cannot lock "es2" against other runs/)
    assert.deepEqual(made(), ['es1', 'es3'])
  })

  it('never are both inside, when two begin in the same moment', async function () {
    this.timeout(60_000)
    const playbook = bench.playbook('inside.yml', [
      '{ name: Enter, command: "mkdir {{ place }}/inside" }',
      '{ name: Leave, command: "rmdir {{ place }}/inside" }',
    ])
    let wins = 0
    for (let round = 0; round < 10; round += 1) {
      const results = await Promise.all([bench.run(playbook), bench.run(playbook)])
      for (const { code, stdout, stderr } of results) {
        assert.ok(code === 0 || /Another run (is at work|ended) on/.test(stderr), stdout + stderr)
        if (code === 0) wins += 1
      }
    }
    assert.ok(wins >= 10, String(wins))
  })
})
