import assert from 'node:assert/strict'
import { existsSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../../../src/clock.ts'
import { systemClock } from '../../../src/clock.ts'
import type { RunEvent } from '../../../src/engine/events.ts'
import { Interruption } from '../../../src/engine/interruption.ts'
import { HostLocks } from '../../../src/engine/lock/host-locks.ts'
import { takeScript, removeScript } from '../../../src/engine/lock/lock-scripts.ts'
import type { LockTarget } from '../../../src/engine/lock/run-lock.ts'
import { heartbeatMs } from '../../../src/engine/lock/lock-verdict.ts'
import type { RunContext } from '../../../src/engine/run-context.ts'
import { createScope } from '../../../src/vars/scope.ts'
import { LocalHost } from '../../support/local-host.ts'

describe('The sign of life of a lock', () => {
  let host: LocalHost
  let events: RunEvent[]
  let interruption: Interruption
  let beats: (() => void)[]
  let locks: HostLocks

  beforeEach(() => {
    host = new LocalHost()
    events = []
    beats = []
    interruption = new Interruption()
    locks = new HostLocks(contextOf())
  })
  afterEach(async () => {
    await locks.release()
    host.remove()
  })

  /** Its heartbeats come when the test says so. */
  function contextOf(): RunContext {
    const clock: Clock = {
      now: () => new Date(),
      sleep: (ms, signal) =>
        ms === heartbeatMs ? new Promise((resolve) => beats.push(resolve)) : systemClock.sleep(ms, signal),
    }
    const given: Partial<RunContext> = {
      id: 'r1',
      playbook: { file: '/p/renew.yml', plays: [] },
      selection: { limit: undefined, tags: [], skipTags: [], startAtTask: undefined },
      clock,
      interruption,
      connectionDefaults: {},
      hosts: new Map(),
      listen: (event) => events.push(event),
    }
    return given as RunContext
  }

  function target(): LockTarget {
    const values = { elkseal_lock_dir: host.path('elkseal/lock') }
    const scope = createScope([{ values, trusted: true }])
    return { name: 'es1', isController: false, scope, shell: () => Promise.resolve(host.shell) }
  }

  async function beat(): Promise<void> {
    const before = host.requests
    beats.shift()?.()
    while (host.requests === before || beats.length === 0) await systemClock.sleep(5)
  }

  const file = () => join(host.path('elkseal/lock'), lockName())
  const lockName = () => /printf '%s\\n' '?\{"lock":"([^"]+)"/.exec(host.scripts.join('\n'))?.[1] ?? ''

  it('is given by the clock of the host', async () => {
    await locks.permit(target())
    const hourAgo = new Date(Date.now() - 3_600_000)
    utimesSync(file(), hourAgo, hourAgo)
    await beat()
    while (statSync(file()).mtimeMs < Date.now() - 60_000) await systemClock.sleep(5)
  })

  it('finds that somebody removed the lock: the run stops after its batch, and says why', async () => {
    await locks.permit(target())
    await host.shell.run({ script: removeScript(host.path('elkseal/lock'), 'r1') })
    await beat()
    while (!interruption.soon) await systemClock.sleep(5)
    assert.match(JSON.stringify(events), /The lock of this run \(r1\) on \\"es1\\" is gone, somebody removed it/)
    assert.equal(interruption.signal.aborted, false)
    await locks.permit(target())
  })

  it('tells who holds it now', async () => {
    await locks.permit(target())
    const folder = host.path('elkseal/lock')
    await host.shell.run({ script: removeScript(folder, 'r1') })
    const owner = { lock: 'r2.bb', run: 'r2', user: 'ben', controller: 'ctl9', process: { pid: 7 } }
    const other = { ...owner, started: '2026-11-24T19:45:15.000Z', playbook: 'renew.yml' }
    await host.shell.run({ script: takeScript(folder, other, []) })
    await beat()
    while (!interruption.soon) await systemClock.sleep(5)
    assert.match(JSON.stringify(events), /is now that of ben@ctl9 \(pid 7\)/)
    await locks.release()
    assert.equal(existsSync(join(folder, 'r2.bb')), true)
  })
})
