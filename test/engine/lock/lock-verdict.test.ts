import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { lookAround } from '../../../src/engine/lock/controller-process.ts'
import { parseOwner, type ControllerProcess, type LockOwner } from '../../../src/engine/lock/lock-owner.ts'
import type { FoundLock } from '../../../src/engine/lock/lock-scripts.ts'
import { judgeLock, staleAfterMs, type Surroundings } from '../../../src/engine/lock/lock-verdict.ts'

const self: ControllerProcess = { pid: 10, startTicks: '500', boot: 'b1', pidNamespace: 'pid:[1]', machine: 'm1' }
const around: Surroundings = {
  self,
  user: 'me',
  controller: 'ctl1',
  startTicks: (pid) => ({ 10: '500', 20: '900' })[pid],
}

describe('A lock that stands in the way', () => {
  const cases: readonly (readonly [what: string, process: ControllerProcess, verdict: string])[] = [
    ['a process of this machine that runs', { ...self, pid: 20, startTicks: '900' }, 'alive'],
    ['one that has ended', { ...self, pid: 30, startTicks: '900' }, 'gone'],
    ['one whose id another process has now', { ...self, pid: 20, startTicks: '800' }, 'gone'],
    ['one of before a restart of this machine', { ...self, pid: 20, boot: 'b0' }, 'gone'],
    ['one of another machine', { ...self, pid: 30, boot: 'b7', machine: 'm7' }, 'alive'],
    ['one of a machine without an identity', { pid: 30, boot: 'b7' }, 'alive'],
    ['one in another container of this machine', { ...self, pid: 30, pidNamespace: 'pid:[2]' }, 'alive'],
    ['one of which only the id is known', { pid: 30 }, 'alive'],
  ]
  for (const [what, process, verdict] of cases) {
    it(`of ${what} is ${verdict}`, () => assert.equal(judgeLock(lockOf({ process }), 'r2', around), verdict))
  }

  it('of a clone of this machine with another host name is not of the dead', () => {
    const owner = { process: { ...self, boot: 'b0' }, controller: 'ctl2' }
    assert.equal(judgeLock(lockOf(owner), 'r2', around), 'alive')
  })

  it('without a sign of life for 15 minutes is stale', () => {
    const process = { pid: 30, boot: 'b7' }
    assert.equal(judgeLock({ ...lockOf({ process }), silentMs: staleAfterMs - 1 }, 'r2', around), 'alive')
    assert.equal(judgeLock({ ...lockOf({ process }), silentMs: staleAfterMs }, 'r2', around), 'stale')
    assert.equal(judgeLock({ ...lockOf({ process }), silentMs: undefined }, 'r2', around), 'alive')
  })

  it('that is stale and of the run which is resumed is gone', () => {
    const found = lockOf({ process: { pid: 30, boot: 'b7' } })
    assert.equal(judgeLock(found, 'r1', around), 'alive')
    assert.equal(judgeLock({ ...found, silentMs: staleAfterMs }, 'r1', around), 'gone')
  })

  it('whose owner cannot be read is never of the dead', () => {
    assert.equal(judgeLock({ ...lockOf({}), owner: parseOwner('x') }, 'r2', around), 'alive')
  })

  it('of a real process is alive until that is killed, also before its parent has noticed', async () => {
    const real = lookAround()
    const child = spawn('sleep', ['60'])
    const process = { ...real.self, pid: child.pid!, startTicks: real.startTicks(child.pid!) }
    const found = lockOf({ process, controller: real.controller })
    assert.equal(judgeLock(found, 'r2', real), 'alive')
    child.kill('SIGKILL')
    await once(child, 'exit')
    assert.equal(judgeLock(found, 'r2', real), 'gone')
  })
})

function lockOf(changes: Partial<LockOwner>): FoundLock {
  const owner: LockOwner = {
    lock: 'r1.aa',
    run: 'r1',
    user: 'anna',
    controller: 'ctl1',
    process: { pid: 30 },
    started: '2026-11-24T19:45:15.000Z',
    playbook: 'renew.yml',
    ...changes,
  }
  return { lock: owner.lock, silentMs: 1_000, ageMs: 1_000, owner }
}
