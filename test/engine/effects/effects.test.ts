import assert from 'node:assert/strict'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { restorePath } from '../../../src/engine/effects/backup.ts'
import { forecastEffect, performEffect, subjectsOf, undoingOf } from '../../../src/engine/effects/effect-kinds.ts'
import { ServiceError } from '../../../src/engine/effects/set-service.ts'
import { undoSteps } from '../../../src/engine/undo/undo-steps.ts'
import { fileAt } from '../../../src/facts/file.ts'
import { serviceNamed } from '../../../src/facts/service.ts'
import type { ChangeKeystore, Effect, SetService } from '../../../src/modules/effect.ts'
import { Secret } from '../../../src/secrets/secret.ts'
import { LocalHost } from '../../support/local-host.ts'
import { undoEffects } from '../../support/undo-effects.ts'

describe('effects', () => {
  let host: LocalHost
  beforeEach(() => {
    host = new LocalHost()
    host.backupDir = host.path('.backup')
  })
  afterEach(() => host.remove())

  const mode = (name: string) => statSync(host.path(name)).mode & 0o7777
  const perform = (effect: Effect) => performEffect(effect, host.performer)
  const undo = (...effects: Effect[]) => undoEffects(effects, host.performer)

  it('make-directory makes all parents with the mode, and undo takes away what was made', async () => {
    mkdirSync(host.path('a'))
    const effect: Effect = { kind: 'make-directory', path: host.path('a/b/c'), mode: 0o2750 }
    await perform(effect)
    assert.deepEqual([mode('a/b'), mode('a/b/c')], [0o2750, 0o2750])
    assert.deepEqual(await undo(effect), [])
    assert.deepEqual(readdirSync(host.path('a')), [])
  })

  it('make-directory undone keeps a folder that holds something by now, and the mode of one that was there', async () => {
    mkdirSync(host.path('old'))
    chmodSync(host.path('old'), 0o701)
    const effects: Effect[] = [
      { kind: 'make-directory', path: host.path('old'), mode: 0o750 },
      { kind: 'make-directory', path: host.path('used') },
    ]
    for (const effect of effects) await perform(effect)
    writeFileSync(host.path('used/file'), '')
    await undo(...effects)
    assert.equal(mode('old'), 0o701)
    assert.ok(existsSync(host.path('used/file')))
  })

  it('make-directory refuses a path at which a file is', async () => {
    writeFileSync(host.path('a'), '')
    await assert.rejects(perform({ kind: 'make-directory', path: host.path('a') }), /is there and is no folder/)
    await assert.rejects(perform({ kind: 'make-directory', path: host.path('a/b') }), /while making the folder/)
  })

  it('set-attributes of a tree is undone file by file', async () => {
    mkdirSync(host.path('t/a b'), { recursive: true })
    writeFileSync(host.path('t/a b/f'), '')
    chmodSync(host.path('t/a b/f'), 0o604)
    const effect: Effect = { kind: 'set-attributes', path: host.path('t'), modeClauses: 'u=rwX,go=', recurse: true }
    await perform(effect)
    assert.deepEqual([mode('t/a b'), mode('t/a b/f')], [0o700, 0o600])
    await undo(effect)
    assert.equal(mode('t/a b/f'), 0o604)
  })

  it('make-link replaces a link in one step and is undone', async () => {
    symlinkSync('/old', host.path('l'))
    const effect: Effect = { kind: 'make-link', path: host.path('l'), target: '/new' }
    await perform(effect)
    assert.equal(readlinkSync(host.path('l')), '/new')
    await undo(effect)
    assert.equal(readlinkSync(host.path('l')), '/old')
    assert.deepEqual(readdirSync(host.folder).sort(), ['.backup', 'l'])
  })

  it('remove-path takes a folder away, and undo brings it back as it was', async () => {
    mkdirSync(host.path('d/e'), { recursive: true })
    writeFileSync(host.path('d/e/f'), 'kept')
    chmodSync(host.path('d/e/f'), 0o640)
    const effect: Effect = { kind: 'remove-path', path: `${host.path('d')}/` }
    await perform(effect)
    assert.ok(!existsSync(host.path('d')))
    await undo(effect)
    assert.equal(readFileSync(host.path('d/e/f'), 'utf8'), 'kept')
    assert.equal(mode('d/e/f'), 0o640)
  })

  it('restoring keeps a version that somebody else put there, and says where', async () => {
    writeFileSync(host.path('a'), 'old')
    const effect: Effect = { kind: 'write-file', path: host.path('a'), content: Buffer.from('new') }
    await perform(effect)
    writeFileSync(host.path('a'), 'theirs')
    const undone = await restorePath(host.performer, host.path('a'))
    assert.equal(undone.kind, 'put back')
    assert.equal(readFileSync(undone.kept!, 'utf8'), 'theirs')
    assert.deepEqual(await restorePath(host.performer, host.path('a')), { kind: 'as before' })
  })

  it('restoring takes a path as it is when the run has just left it so: written, linked, removed, by a tool', async () => {
    const effects: Effect[] = [
      { kind: 'write-file', path: host.path('written'), content: Buffer.from('new') },
      { kind: 'make-link', path: host.path('linked'), target: '/new' },
      { kind: 'remove-path', path: host.path('removed') },
      {
        kind: 'change-keystore',
        path: host.path('store'),
        set: new Map(),
        remove: [],
        script: `cat > ${host.path('store')}`,
        stdin: new Secret('new'),
      },
    ]
    for (const name of ['written', 'linked', 'removed', 'store']) writeFileSync(host.path(name), 'old')
    for (const effect of effects) await perform(effect)
    for (const name of ['written', 'linked', 'removed', 'store']) {
      assert.deepEqual(await restorePath(host.performer, host.path(name)), { kind: 'put back' }, name)
      assert.equal(readFileSync(host.path(name), 'utf8'), 'old')
    }
  })

  it('set-attributes gives a touched file its time back', async () => {
    writeFileSync(host.path('a'), '')
    utimesSync(host.path('a'), 1_600_000_000, 1_600_000_000)
    const effect: Effect = { kind: 'set-attributes', path: host.path('a'), touch: true }
    await perform(effect)
    assert.notEqual(statSync(host.path('a')).mtimeMs, 1_600_000_000_000)
    await undo(effect)
    assert.equal(statSync(host.path('a')).mtimeMs, 1_600_000_000_000)
  })

  it('a path that was changed several times is as before all of them', async () => {
    writeFileSync(host.path('a'), 'old')
    chmodSync(host.path('a'), 0o604)
    const effects: Effect[] = [
      { kind: 'set-attributes', path: host.path('a'), mode: 0o600 },
      { kind: 'write-file', path: host.path('a'), content: Buffer.from('new'), mode: 0o640 },
      { kind: 'set-attributes', path: host.path('a'), mode: 0o644 },
    ]
    for (const effect of effects) await perform(effect)
    assert.deepEqual(await undo(...effects), [])
    assert.deepEqual([readFileSync(host.path('a'), 'utf8'), mode('a')], ['old', 0o604])
  })

  it('the first change of a run on a host takes the oldest backups away, and nothing else', async () => {
    const runs = ['2026-01-01T00-00-00-000-aaaa', '2026-01-02T00-00-00-000-bbbb', '2026-01-03T00-00-00-000-cccc']
    for (const name of [...runs, 'mine']) mkdirSync(host.path(`b/${name}`), { recursive: true })
    host.backupDir = host.path('b/2026-01-04T00-00-00-000-dddd')
    const performer = { ...host.performer, backupRule: { keep: 2, onlyWhereWritable: false } }
    await performEffect({ kind: 'write-file', path: host.path('a'), content: Buffer.from('x') }, performer)
    assert.deepEqual(readdirSync(host.path('b')), [runs[2], '2026-01-04T00-00-00-000-dddd', 'mine'])
    host.backupDir = host.path('b/2026-01-01T00-00-00-000-aaaa')
    const resumed = { ...performer, backupDir: host.backupDir }
    await performEffect({ kind: 'write-file', path: host.path('a'), content: Buffer.from('y') }, resumed)
    assert.ok(existsSync(host.backupDir), 'a run that goes on keeps its own')
  })

  it('an account that may not write in the folder of root changes the file all the same', async () => {
    host.becomeOrdinary()
    host.backupDir = '/var/lib/elkseal-test/run'
    const performer = { ...host.performer, backupRule: { keep: 2, onlyWhereWritable: true } }
    await performEffect({ kind: 'write-file', path: host.path('a'), content: Buffer.from('x') }, performer)
    assert.equal(readFileSync(host.path('a'), 'utf8'), 'x')
    assert.deepEqual(await restorePath(performer, host.path('a')), { kind: 'not kept' })
  })

  it('a backup that cannot be made stops the change', async () => {
    writeFileSync(host.path('a'), 'old')
    host.backupDir = host.path('a/no/folder')
    await assert.rejects(perform({ kind: 'write-file', path: host.path('a'), content: Buffer.from('new') }))
    assert.equal(readFileSync(host.path('a'), 'utf8'), 'old')
  })

  it('change-keystore gives its script the secret on stdin, keeps the old file and is undone', async () => {
    writeFileSync(host.path('store'), 'old')
    const effect: ChangeKeystore = {
      kind: 'change-keystore',
      path: host.path('store'),
      set: new Map([['a.b', new Secret('hunter22')]]),
      remove: ['c'],
      script: `read -r value; printf '%s' "$value" > ${host.path('store')}`,
      stdin: new Secret('hunter22\n'),
    }
    await perform(effect)
    assert.equal(readFileSync(host.path('store'), 'utf8'), 'hunter22')
    assert.ok(!host.scripts.join('').includes('hunter22'))
    await undo(effect)
    assert.equal(readFileSync(host.path('store'), 'utf8'), 'old')
    const failing = perform({ ...effect, script: 'echo "ERROR: wrong password" >&2; exit 65' })
    await assert.rejects(failing, /ERROR: wrong password while changing the keystore/)
  })

  it('run-command returns the exit code, both outputs, and cannot be undone', async () => {
    const effect: Effect = { kind: 'run-command', script: 'cat; echo no >&2; exit 3', stdin: Buffer.from('yes') }
    const { rc, stdout, stderr } = await perform(effect)
    assert.deepEqual([rc, stdout, stderr], [3, 'yes', 'no\n'])
    assert.deepEqual(
      (await undo(effect)).map(({ error, notSaved }) => [error, notSaved]),
      [[undefined, false]],
    )
    assert.deepEqual(subjectsOf(effect), ['*'])
  })

  it('a daemon without systemd is acted on by its scripts; undo restarts it after the files are back', async () => {
    writeFileSync(host.path('conf'), 'old')
    const log = host.path('log')
    const say = (word: string) => `echo ${word} "$(cat ${host.path('conf')})" >> ${log}`
    const scripts = { start: say('start'), stop: say('stop') }
    const effects: Effect[] = [
      { kind: 'set-service', name: 'es', action: 'stop', scripts },
      { kind: 'write-file', path: host.path('conf'), content: Buffer.from('new') },
      { kind: 'set-service', name: 'es', action: 'start', scripts },
    ]
    for (const effect of effects) await perform(effect)
    await undo(...effects)
    assert.equal(readFileSync(log, 'utf8'), 'stop old\nstart new\nstop old\nstart old\n')
    const broken: Effect = {
      kind: 'set-service',
      name: 'es',
      action: 'start',
      scripts: { start: 'echo why >&2; false' },
    }
    await assert.rejects(perform(broken), /Service "es" did not start: why/)
  })

  describe('set-service with systemd', () => {
    // systemd itself runs in the lab only. This stand-in answers as `systemctl` of systemd 252 does.
    const stand = (script: string) => {
      mkdirSync(host.path('bin'), { recursive: true })
      writeFileSync(host.path('bin/systemctl'), `#!/bin/sh\necho "$*" >> ${host.path('calls')}\n${script}\n`)
      writeFileSync(host.path('bin/journalctl'), '#!/bin/sh\necho "ERROR: died"\necho "see the log"\n')
      for (const name of ['systemctl', 'journalctl']) chmodSync(host.path(`bin/${name}`), 0o755)
      const { shell } = host
      return {
        ...host.performer,
        shell: {
          run: (request: Parameters<typeof shell.run>[0]) =>
            shell.run({ ...request, script: `PATH=${host.path('bin')}:$PATH\n${request.script}` }),
        },
      }
    }
    const restart: SetService = { kind: 'set-service', name: 'elasticsearch', action: 'restart', enabled: true }

    it('enables and restarts the unit', async () => {
      const performer = stand('case $1 in is-failed) exit 1;; show) echo ActiveState=active; echo MainPID=7;; esac')
      const { status } = await performEffect(restart, performer)
      assert.deepEqual(status, { ActiveState: 'active', MainPID: '7' })
      const calls = readFileSync(host.path('calls'), 'utf8')
      assert.match(calls, /enable -- elasticsearch\.service\nrestart -- elasticsearch\.service\n/)
    })

    it('tells the state, the exit status and the last lines of the journal of one that does not start', async () => {
      const performer = stand(
        'case $1 in restart) echo "Job for elasticsearch.service failed" >&2; exit 1;; show) printf "ActiveState=failed\\nResult=exit-code\\nExecMainStatus=70\\n";; esac',
      )
      await assert.rejects(performEffect(restart, performer), (error: unknown) => {
        assert.ok(error instanceof ServiceError)
        assert.equal(
          error.message,
          'Service "elasticsearch" did not restart: it is failed (Result exit-code, exit status 70)',
        )
        assert.deepEqual(error.journal, ['ERROR: died', 'see the log'])
        assert.equal(error.properties['ExecMainStatus'], '70')
        assert.match(error.hint ?? '', /journal:\nERROR: died/)
        return true
      })
    })

    it('does not believe a start of a unit that died at once', async () => {
      const performer = stand('case $1 in is-failed) exit 0;; show) echo ActiveState=failed;; esac')
      await assert.rejects(performEffect({ ...restart, action: 'start' }, performer), /did not start: it is failed/)
    })

    it('is undone by a restart when the unit ran, by a stop when it did not', async () => {
      for (const [state, call] of [
        ['active', 'restart'],
        ['inactive', 'stop'],
      ] as const) {
        host.backupDir = host.path(`.backup-${state}`)
        const performer = {
          ...stand(`case $1 in show) echo ActiveState=${state}; echo UnitFileState=enabled;; esac`),
          backupDir: host.backupDir,
        }
        await performEffect({ ...restart, enabled: undefined, action: 'start' }, performer)
        writeFileSync(host.path('calls'), '')
        assert.deepEqual(await undoEffects([restart], performer), [])
        assert.match(readFileSync(host.path('calls'), 'utf8'), new RegExp(`${call} -- elasticsearch\\.service`))
      }
    })

    it('is left alone by a rollback that has put nothing back, unless it is down', async () => {
      for (const [now, calls] of [
        ['active', /is-active -q -- elasticsearch\.service\n$/],
        ['inactive', /restart -- elasticsearch\.service/],
      ] as const) {
        host.backupDir = host.path(`.backup-${now}`)
        const state = (word: string) => ({
          ...stand(`case "$*" in "is-active -q"*) [ ${word} = active ];; show*) echo ActiveState=active;; esac`),
          backupDir: host.backupDir,
        })
        await performEffect({ ...restart, enabled: undefined }, state('active'))
        writeFileSync(host.path('calls'), '')
        const step = { description: '', undoing: undoingOf(restart), performer: state(now) }
        const { left } = await undoSteps([step], { restart: 'when needed' })
        assert.deepEqual(left, [])
        assert.match(readFileSync(host.path('calls'), 'utf8'), calls)
      }
    })

    it('forecasts an active service with the time of now', async () => {
      const check = new LocalHost({ check: true, folder: host.folder })
      const target = { reader: check.reader, forecast: check.forecast!, clock: check.clock }
      await forecastEffect(restart, target)
      const foreseen = await check.reader.ask(serviceNamed('elasticsearch'))
      assert.deepEqual([foreseen.active, foreseen.enabled, foreseen.mainPid], [true, true, 0])
      assert.ok(Math.abs((foreseen.activeSince ?? 0) - Date.now() / 1000) < 60)
    })
  })

  it('foresees a file below a folder that would be made', async () => {
    const check = new LocalHost({ check: true, folder: host.folder })
    const target = { reader: check.reader, forecast: check.forecast!, clock: check.clock }
    await forecastEffect({ kind: 'make-directory', path: host.path('n/m'), mode: 0o700 }, target)
    assert.equal((await check.reader.ask(fileAt(host.path('n/m')))).kind, 'directory')
    assert.equal((await check.reader.ask(fileAt(host.path('n/m/f')))).kind, 'absent')
    await forecastEffect({ kind: 'remove-path', path: host.path('n') }, target)
    assert.equal((await check.reader.ask(fileAt(host.path('n/m')))).kind, 'absent')
  })
})
