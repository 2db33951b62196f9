import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { forecastEffect, performEffect } from '../../../src/engine/effects/effect-kinds.ts'
import { TaskError } from '../../../src/errors.ts'
import { fileAt } from '../../../src/facts/file.ts'
import type { WriteFile } from '../../../src/modules/effect.ts'
import { Secret } from '../../../src/secrets/secret.ts'
import { LocalHost } from '../../support/local-host.ts'
import { skipFor } from '../../support/needs.ts'
import { undoEffects } from '../../support/undo-effects.ts'

describe('write-file', () => {
  let host: LocalHost
  beforeEach(() => {
    host = new LocalHost()
  })
  afterEach(() => host.remove())

  const effect = (parts: Partial<WriteFile> = {}): WriteFile => ({
    kind: 'write-file',
    path: host.path('target'),
    content: Buffer.from('new\n'),
    ...parts,
  })
  const names = () => readdirSync(host.folder).sort()
  const mode = (path: string) => statSync(path).mode & 0o7777

  it('makes a new file with the mode asked for, in one request, and leaves nothing else', async () => {
    await performEffect(effect({ mode: 0o640 }), host.performer)
    assert.equal(readFileSync(host.path('target'), 'utf8'), 'new\n')
    assert.equal(mode(host.path('target')), 0o640)
    assert.deepEqual(names(), ['target'])
    assert.equal(host.requests, 1)
  })

  it('gives a new file 0644 when nothing is said, whatever the umask', async () => {
    await performEffect(effect(), host.performer)
    assert.equal(mode(host.path('target')), 0o644)
  })

  it('keeps the mode of the file it replaces and gives it a new time', async () => {
    writeFileSync(host.path('target'), 'old\n')
    chmodSync(host.path('target'), 0o2604)
    utimesSync(host.path('target'), 1000, 1000)
    for (const content of ['new\n', '']) {
      await performEffect(effect({ content: Buffer.from(content) }), host.performer)
      assert.equal(mode(host.path('target')), 0o2604)
      assert.ok(statSync(host.path('target')).mtimeMs > 1_000_000)
      utimesSync(host.path('target'), 1000, 1000)
    }
  })

  it('writes any bytes, and none', async () => {
    const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
    for (const content of [all, Buffer.alloc(0), Buffer.alloc(300_000, 7)]) {
      await performEffect(effect({ content }), host.performer)
      assert.deepEqual(readFileSync(host.path('target')), content)
    }
  })

  it('writes a file of any name', async () => {
    for (const name of ["it's", 'a b', '-dash', '$HOME', 'ü"\\', '*']) {
      await performEffect(effect({ path: host.path(name) }), host.performer)
      assert.equal(readFileSync(host.path(name), 'utf8'), 'new\n', name)
    }
  })

  it('writes what a link points to and keeps the link', async () => {
    mkdirSync(host.path('real'))
    writeFileSync(host.path('real/file'), 'old')
    symlinkSync(host.path('real/file'), host.path('target'))
    await performEffect(effect(), host.performer)
    assert.ok(lstatSync(host.path('target')).isSymbolicLink())
    assert.equal(readFileSync(host.path('real/file'), 'utf8'), 'new\n')
  })

  it('keeps the content out of the script', async () => {
    await performEffect(effect({ content: new Secret('hunter22') }), host.performer)
    assert.equal(readFileSync(host.path('target'), 'utf8'), 'hunter22')
    assert.ok(!host.scripts.join('').includes('hunter22'))
  })

  it('refuses a folder, a missing folder and a link to nowhere', async () => {
    mkdirSync(host.path('target'))
    symlinkSync(host.path('gone/deep'), host.path('link'))
    await assert.rejects(performEffect(effect(), host.performer), /is a folder/)
    await assert.rejects(
      performEffect(effect({ path: host.path('no/target') }), host.performer),
      /Folder ".*no".* does not exist/,
    )
    await assert.rejects(performEffect(effect({ path: host.path('link') }), host.performer), /is a link to nowhere/)
    assert.deepEqual(names(), ['link', 'target'])
  })

  it('leaves the old file when the new one is not valid, and says what the check said', async () => {
    writeFileSync(host.path('target'), 'old\n')
    const broken = performEffect(effect({ validate: 'grep old %s' }), host.performer)
    await assert.rejects(
      broken,
      (error: TaskError) => /not valid/.test(error.message) && /grep old/.test(error.hint ?? ''),
    )
    assert.equal(readFileSync(host.path('target'), 'utf8'), 'old\n')
    assert.deepEqual(names(), ['target'])
    await performEffect(effect({ validate: "grep -q 'new' %s" }), host.performer)
    assert.equal(readFileSync(host.path('target'), 'utf8'), 'new\n')
  })

  it('leaves the old file when the content did not arrive whole', async () => {
    writeFileSync(host.path('target'), 'old\n')
    const half = { ...host.performer, shell: { run: cutOff(host) } }
    await assert.rejects(
      performEffect(effect({ content: Buffer.from('long enough') }), half),
      /did not arrive as it was sent/,
    )
    assert.equal(readFileSync(host.path('target'), 'utf8'), 'old\n')
    assert.deepEqual(names(), ['target'])
  })

  it('leaves the old file and no temporary one on a full disk, and says so', async function () {
    if (process.getuid?.() !== 0) skipFor(this, 'needs root for a small file system')
    mountOrSkip(this, host.folder)
    try {
      writeFileSync(host.path('target'), 'old\n')
      const full = performEffect(effect({ content: Buffer.alloc(400_000, 1) }), host.performer)
      await assert.rejects(full, (error: TaskError) => {
        assert.equal(
          error.message,
          `No space left on device while writing "${host.path('target')}": the old file is unchanged`,
        )
        return true
      })
      assert.equal(readFileSync(host.path('target'), 'utf8'), 'old\n')
      assert.deepEqual(names(), ['target'])
      execFileSync('mount', ['-o', 'remount,ro', host.folder])
      await assert.rejects(performEffect(effect(), host.performer), /Read-only file system while writing/)
    } finally {
      execFileSync('umount', [host.folder])
    }
  })

  it('leaves a copy beside the file for backup: true', async () => {
    writeFileSync(host.path('target'), 'old\n')
    const result = await performEffect(effect({ backup: true }), host.performer)
    const kept = String(result['backup_file'])
    assert.match(kept, /target\.\d+\.\d{4}-\d\d-\d\d@\d\d:\d\d:\d\d~$/)
    assert.equal(readFileSync(kept, 'utf8'), 'old\n')
  })

  it('says so when the owner does not exist', async () => {
    const unknown = performEffect(effect({ owner: 'nobody-of-that-name' }), host.performer)
    await assert.rejects(unknown, /No user "nobody-of-that-name" on the host while writing/)
    assert.deepEqual(names(), [])
  })

  it('puts the first version back, with mode and times, however often it was written', async () => {
    host.backupDir = host.path('backup')
    writeFileSync(host.path('target'), 'old\n')
    chmodSync(host.path('target'), 0o604)
    utimesSync(host.path('target'), 5000, 5000)
    const first = effect({ mode: 0o600 })
    const second = effect({ content: Buffer.from('newer\n') })
    await performEffect(first, host.performer)
    await performEffect(second, host.performer)
    assert.deepEqual(await undoEffects([first, second], host.performer), [])
    assert.equal(readFileSync(host.path('target'), 'utf8'), 'old\n')
    assert.equal(mode(host.path('target')), 0o604)
    assert.equal(statSync(host.path('target')).mtimeMs, 5_000_000)
    assert.equal(mode(host.path('backup')), 0o700)
    assert.deepEqual(names(), ['backup', 'target'])
  })

  it('removes a file that was new', async () => {
    host.backupDir = host.path('backup')
    await performEffect(effect(), host.performer)
    await undoEffects([effect()], host.performer)
    assert.deepEqual(names(), ['backup'])
  })

  it('says which effects it cannot undo for want of a backup', async () => {
    await performEffect(effect(), host.performer)
    assert.equal((await undoEffects([effect()], host.performer)).length, 1)
  })

  it('forecasts what it then does', async () => {
    const check = new LocalHost({ check: true })
    try {
      writeFileSync(host.path('target'), 'old\n')
      chmodSync(host.path('target'), 0o604)
      const target = { reader: check.reader, forecast: check.forecast!, clock: check.clock }
      for (const one of [
        effect(),
        effect({ mode: 0o600, path: host.path('fresh') }),
        effect({ path: host.path('plain') }),
      ]) {
        assert.equal(await forecastEffect(one, target), 'known')
        const foreseen = await check.reader.ask(fileAt(one.path, { content: true }))
        await performEffect(one, host.performer)
        const real = await host.reader.ask(fileAt(one.path, { content: true }))
        assert.deepEqual({ ...foreseen, mtime: 0 }, { ...real, mtime: 0 })
      }
    } finally {
      check.remove()
    }
  })
})

function cutOff(host: LocalHost): LocalHost['shell']['run'] {
  return (request) => host.shell.run({ ...request, stdin: (request.stdin as Buffer).subarray(0, 4) })
}

function mountOrSkip(test: Mocha.Context, folder: string): void {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=128k', 'tmpfs', folder], { stdio: 'ignore' })
  } catch {
    skipFor(test, 'needs the right to mount')
  }
}
