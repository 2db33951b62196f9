import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import type { LockOwner } from '../../../src/engine/lock/lock-owner.ts'
import {
  beatScript,
  leaveScript,
  parseLockAnswer,
  probeScript,
  removeScript,
  takeScript,
  withdrawScript,
  type LockAnswer,
} from '../../../src/engine/lock/lock-scripts.ts'
import { LocalHost } from '../../support/local-host.ts'

describe('The lock on a host', () => {
  let host: LocalHost
  let folder: string

  beforeEach(() => {
    host = new LocalHost()
    folder = host.path('state/lock')
  })
  afterEach(() => host.remove())

  async function ask(script: string): Promise<LockAnswer> {
    const output = await host.shell.run({ script })
    assert.equal(output.stderr.toString(), '')
    assert.equal(output.code, 0)
    return parseLockAnswer(output.stdout.toString())
  }

  const take = (lock: string, gone: readonly string[] = []) => ask(takeScript(folder, ownerNamed(lock), gone))

  it('is taken, shown to others with its owner, and left', async () => {
    assert.equal((await take('r1.aa')).held, true)
    const second = await take('r2.bb')
    assert.equal(second.held, false)
    assert.deepEqual(second.found[0]?.owner, ownerNamed('r1.aa'))
    assert.ok((second.found[0].silentMs ?? Infinity) < 60_000)
    assert.equal((await ask(leaveScript(folder, 'r1.aa'))).left, true)
    assert.equal((await take('r2.bb')).held, true)
  })

  it('keeps folders and the file closed to others, and leaves nothing else behind', async () => {
    await take('r1.aa')
    await take('r2.bb')
    assert.equal(statSync(folder).mode & 0o777, 0o700)
    assert.equal(statSync(join(folder, 'r1.aa')).mode & 0o777, 0o600)
    assert.deepEqual(readdirSync(host.path('state')), ['lock'])
  })

  it('holds what is quoted and blank in an owner', async () => {
    const owner = { ...ownerNamed('r1.aa'), playbook: `it's "a" $HOME \\n \`b\`.yml`, limit: 'a b,!c  %s' }
    await ask(takeScript(folder, owner, []))
    assert.deepEqual((await ask(probeScript(folder))).found[0]?.owner, owner)
  })

  it('is taken again by the process that holds it, under another name of the same machine', async () => {
    await take('r1.aa')
    assert.equal((await take('r1.aa')).held, true)
    assert.deepEqual(readdirSync(host.path('state')), ['lock'])
  })

  it('is not taken from a run of which another lock is known to be gone', async () => {
    await take('r1.aa')
    assert.equal((await take('r2.bb', ['r0.00'])).held, false)
    assert.equal((await take('r2.bb', ['r1.aa'])).held, true)
    assert.deepEqual(readdirSync(folder), ['r2.bb'])
  })

  it('is free when its folder is empty, as a crash while leaving makes it', async () => {
    mkdirSync(folder, { recursive: true })
    assert.equal((await take('r1.aa')).held, true)
  })

  it('is left by nobody but its owner', async () => {
    await take('r1.aa')
    assert.equal((await ask(leaveScript(folder, 'r2.bb'))).left, false)
    await ask(withdrawScript(folder, 'r2.bb'))
    await ask(removeScript(folder, 'r2'))
    assert.equal((await take('r3.cc')).held, false)
  })

  it('remembers who left it, for those who looked before; who withdrew is not remembered', async () => {
    await take('r1.aa')
    await ask(withdrawScript(folder, 'r1.aa'))
    assert.equal((await ask(probeScript(folder))).last, '')
    await take('r2.bb')
    await ask(leaveScript(folder, 'r2.bb'))
    const taken = await take('r3.cc')
    assert.ok(taken.last?.includes('r2.bb'))
    assert.ok((taken.endedMs ?? Infinity) < 60_000)
  })

  it('shows a sign of life by the clock of the host, and that it changed hands', async () => {
    await take('r1.aa')
    const hourAgo = new Date(Date.now() - 3_600_000)
    utimesSync(join(folder, 'r1.aa'), hourAgo, hourAgo)
    const silent = (await ask(probeScript(folder))).found[0]?.silentMs ?? 0
    assert.ok(silent > 3_590_000 && silent < 3_660_000, String(silent))
    assert.equal((await ask(beatScript(folder, 'r1.aa'))).held, true)
    assert.ok(((await ask(probeScript(folder))).found[0]?.silentMs ?? Infinity) < 60_000)
    await ask(removeScript(folder, 'r1'))
    await take('r2.bb')
    const beat = await ask(beatScript(folder, 'r1.aa'))
    assert.deepEqual([beat.held, beat.found[0]?.lock], [false, 'r2.bb'])
  })

  it('is removed by the id of its run, and only by that', async () => {
    await take('r1.aa')
    const answer = await ask(removeScript(folder, 'r1'))
    assert.deepEqual(answer.removed, ['r1.aa'])
    assert.equal(existsSync(folder), false)
    assert.ok(readFileSync(`${folder}.last`, 'utf8').includes('r1.aa'))
  })

  it('shows a lock whose owner nobody can read', async () => {
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'r1.aa'), 'not ours\n')
    const { found } = await take('r2.bb')
    assert.deepEqual([found[0]?.lock, found[0]?.owner], ['r1.aa', undefined])
  })

  it('cannot be where something else is, and says so', async () => {
    mkdirSync(host.path('state'))
    writeFileSync(folder, '')
    const output = await host.shell.run({ script: takeScript(folder, ownerNamed('r1.aa'), []) })
    assert.equal(output.code, 20)
    assert.match(output.stderr.toString(), /Something else is at/)
    assert.deepEqual(readdirSync(host.path('state')), ['lock'])
  })

  it('is below the home folder of an ordinary account', async () => {
    host.becomeOrdinary()
    const output = await host.shell.run({
      script: `HOME=${host.path('home')}\n${takeScript(undefined, ownerNamed('r1.aa'), [])}`,
    })
    assert.equal(parseLockAnswer(output.stdout.toString()).held, true)
    assert.equal(existsSync(host.path('home/.elkseal/lock/r1.aa')), true)
  })

  it('has one winner of 200 that come at once, every time', async function () {
    this.timeout(120_000)
    for (let round = 1; round <= 2; round += 1) {
      const names = Array.from({ length: 200 }, (_, index) => `r${String(round)}-${String(index)}.aa`)
      const answers = await contenders(folder, names)
      const winners = names.filter((_, index) => answers[index]?.held)
      assert.equal(winners.length, 1)
      assert.ok(answers.every(({ held, found }) => held || found[0]?.lock === winners[0]))
      assert.deepEqual(readdirSync(folder), winners)
      assert.deepEqual(
        readdirSync(host.path('state')).filter((name) => name.startsWith('lock.r')),
        [],
      )
      await ask(leaveScript(folder, winners[0] ?? ''))
    }
  })

  it('has never two holders when 20 take it over from the dead and give it back again and again', async function () {
    this.timeout(120_000)
    const inside = host.path('inside')
    const names = Array.from({ length: 20 }, (_, index) => `r${String(index)}.aa`)
    await take('dead.00')
    // Whoever holds it makes a folder that must not be there.
    const scripts = names.map(
      (name) => `for turn in 1 2 3; do
  case $( ${takeScript(folder, ownerNamed(name), ['dead.00'])} ) in
    *held*) mkdir ${inside} || { echo BOTH; exit 1; }
      rmdir ${inside}
      ( ${leaveScript(folder, name)} ) ;;
  esac
done`,
    )
    const outputs = await Promise.all(
      scripts.map(async (script) => (await host.shell.run({ script })).stdout.toString()),
    )
    assert.equal(outputs.filter((text) => text.includes('BOTH')).length, 0)
    assert.ok(outputs.filter((text) => text.includes('left')).length > 0)
  })
})

/** All wait at one named pipe, and then take the lock. */
async function contenders(folder: string, names: readonly string[]): Promise<readonly LockAnswer[]> {
  const gate = `${dirname(dirname(folder))}/gate-of-${names[0] ?? ''}`
  execFileSync('/bin/sh', ['-c', `mkfifo ${gate}`])
  let waiting = 0
  let open: number | undefined
  const openGate = () => {
    waiting += 1
    if (waiting === names.length) open = openSync(gate, 'r+')
  }
  const answers = names.map((name) => {
    const child = spawn('/bin/sh', ['-c', `echo waits; : <${gate}\n${takeScript(folder, ownerNamed(name), [])}`])
    let said = ''
    child.stdout.once('data', openGate)
    child.stdout.on('data', (part: Buffer) => (said += part.toString()))
    return new Promise<LockAnswer>((resolve) => child.once('close', () => resolve(parseLockAnswer(said))))
  })
  const all = await Promise.all(answers)
  if (open !== undefined) closeSync(open)
  return all
}

function ownerNamed(lock: string): LockOwner {
  return {
    lock,
    run: lock.slice(0, lock.indexOf('.')),
    user: 'anna',
    controller: 'ctl1',
    process: { pid: 4711 },
    started: '2026-11-24T19:45:15.000Z',
    playbook: 'renew.yml',
  }
}
