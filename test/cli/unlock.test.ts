import assert from 'node:assert/strict'
import { utimesSync } from 'node:fs'
import type { LockOwner } from '../../src/engine/lock/lock-owner.ts'
import { jsonLines } from '../support/cli.ts'
import { elsewhere, lockBench } from '../support/lock-bench.ts'

/** Another run of somebody else. */
const second: LockOwner = { ...elsewhere, lock: 'r2.c0ffee00', run: 'r2', user: 'ben' }

describe('elkseal unlock', () => {
  const bench = lockBench()

  const unlock = (...args: readonly string[]) =>
    bench.cli.run(['unlock', '-i', bench.path('hosts.yml'), '-e', 'ansible_become=false', ...args])

  it('shows who holds which host', async () => {
    bench.plant('es1', elsewhere)
    utimesSync(bench.plant('es2', second), new Date(Date.now() - 3_600_000), new Date(Date.now() - 3_600_000))
    const { code, stdout } = await unlock()
    assert.equal(code, 0)
    const lines = stdout.trim().split('\n')
    assert.match(lines[0] ?? '', /^HOST +RUN +WHO +SINCE +LAST SIGN OF LIFE +DOING$/)
    assert.match(
      lines[1] ?? '',
      /^es1 .*anna@ctl7 \(pid 4711\) +2026-11-24 19:45:15 UTC +\d+ s ago +renew\.yml --limit es\*$/,
    )
    assert.match(lines[2] ?? '', /^es2 +r2 +ben@ctl7 .*60 minutes ago, stale/)
    assert.equal(lines.length, 3)
    assert.deepEqual([bench.locks('es1'), bench.locks('es2')], [[elsewhere.lock], [second.lock]])
  })

  it('says that there are none', async () => {
    const { code, stdout } = await unlock()
    assert.deepEqual([code, stdout], [0, 'No locks\n'])
  })

  it('removes the locks of one run, and no others', async () => {
    bench.plant('es1', elsewhere)
    bench.plant('es3', elsewhere)
    bench.plant('es2', second)
    const { code, stdout } = await unlock('--id', elsewhere.run)
    assert.equal(code, 0)
    assert.match(stdout, /^es1 .*removed/m)
    assert.match(stdout, /^es3 .*removed/m)
    assert.doesNotMatch(stdout, /es2/)
    assert.deepEqual(
      bench.names.map((name) => bench.locks(name)),
      [[], [second.lock], []],
    )
  })

  it('leaves hosts outside --limit alone', async () => {
    bench.plant('es1', elsewhere)
    bench.plant('es3', elsewhere)
    await unlock('--id', elsewhere.run, '--limit', 'es1')
    assert.deepEqual(
      bench.names.map((name) => bench.locks(name)),
      [[], [], [elsewhere.lock]],
    )
  })

  it('says that no host has a lock of that id', async () => {
    bench.plant('es2', second)
    const { code, stderr } = await unlock('--id', 'r')
    assert.equal(code, 1)
    assert.match(stderr, /No host has a lock of run "r"/)
    assert.deepEqual(bench.locks('es2'), [second.lock])
  })

  it('is one JSON object a lock for programs', async () => {
    bench.plant('es1', elsewhere)
    const { stdout } = await unlock('--output', 'json')
    const [line] = jsonLines(stdout)
    assert.deepEqual(
      [line?.['event'], line?.['host'], line?.['run'], line?.['pid'], line?.['verdict'], line?.['removed']],
      ['lock', 'es1', elsewhere.run, 4711, 'alive', false],
    )
  })

  it('tells hosts that cannot be reached, with code 4', async () => {
    const { code, stderr } = await unlock('-e', 'ansible_port=9')
    assert.equal(code, 4)
    for (const name of bench.names) assert.match(stderr, new RegExp(`"${name}"`))
  })

  it('looks as the account that logs in where nobody may become root', async () => {
    bench.plant('es1', elsewhere)
    const { code, stdout } = await unlock('-e', 'ansible_become=true', '-e', 'ansible_become_exe=/nowhere/sudo')
    assert.equal(code, 0)
    assert.match(stdout, /was looked at as one account only/)
    assert.match(stdout, /anna@ctl7/)
  })
})
