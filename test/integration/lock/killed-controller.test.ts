import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { LockBench } from '../../support/lock-bench.ts'

describe('A controller that is killed', function () {
  this.timeout(60_000)
  const bench = new LockBench()
  before(() => bench.start())
  after(() => bench.close())

  it('leaves its locks, which the same command takes over; what stood is told', async () => {
    const playbook = bench.playbook('slow.yml', ['{ name: Slow, command: "sleep 3" }'])
    const bin = resolve(import.meta.dirname, '../../../bin/elkseal.js')
    const child = spawn(process.execPath, [bin, 'run', playbook, '-i', bench.path('hosts.yml')], {
      env: { PATH: process.env['PATH'], HOME: bench.path('home') },
      stdio: 'ignore',
    })
    while (bench.names.some((name) => bench.locks(name).length === 0)) await sleep(20)
    const refused = await bench.run(playbook)
    assert.equal(refused.code, 2)
    assert.match(
      refused.stderr,
      new RegExp(`Another run is at work on "es1", "es2", "es3": .*pid ${String(child.pid)}`),
    )
    child.kill('SIGKILL')
    await once(child, 'exit')
    const { code, stdout } = await bench.run(playbook)
    assert.equal(code, 0, stdout)
    assert.match(stdout, /Took over the lock on "es1", "es2", "es3" of a run that ended without releasing it/)
    for (const name of bench.names) assert.deepEqual(bench.locks(name), [])
  })
})
