import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { fileAt } from '../../src/facts/file.ts'
import { serviceNamed } from '../../src/facts/service.ts'
import { LocalHost } from '../support/local-host.ts'

describe('a look at a path', () => {
  let host: LocalHost
  beforeEach(() => {
    host = new LocalHost()
  })
  afterEach(() => host.remove())

  const look = (name: string, content = false) => host.reader.ask(fileAt(host.path(name), { content }))

  it('brings digest and mode of a file, and its bytes when asked', async () => {
    const bytes = Buffer.from([0, 255, 10, 124, 10, 10])
    writeFileSync(host.path('a b|c'), bytes)
    chmodSync(host.path('a b|c'), 0o640)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    const found = await look('a b|c')
    assert.ok(found.kind === 'file')
    assert.deepEqual([found.mode, found.size, found.sha256, found.content], [0o640, 6, sha256, undefined])
    const whole = await look('a b|c', true)
    assert.ok(whole.kind === 'file')
    assert.deepEqual([whole.sha256, whole.content], [sha256, bytes])
  })

  it('brings an empty file as empty', async () => {
    writeFileSync(host.path('empty'), '')
    const found = await look('empty', true)
    assert.ok(found.kind === 'file')
    assert.deepEqual([found.size, found.content], [0, Buffer.alloc(0)])
  })

  it('takes what cannot be opened under its name as absent', async () => {
    writeFileSync(host.path('file'), 'x')
    symlinkSync('nowhere', host.path('dangling'))
    for (const name of ['none', 'file/below', 'dangling', 'is no Permission denied']) {
      assert.deepEqual(await look(name, true), { kind: 'absent' }, name)
    }
  })

  it('tells folders and, when not followed, links with their target', async () => {
    mkdirSync(host.path('folder'))
    symlinkSync('a|b', host.path('link'))
    assert.equal((await look('folder', true)).kind, 'directory')
    const link = await host.reader.ask(fileAt(host.path('link'), { follow: false }))
    assert.ok(link.kind === 'link')
    assert.equal(link.target, 'a|b')
  })
})

describe('a look at a service', () => {
  const parse = (lines: readonly string[]) =>
    serviceNamed('app').parse({ code: 0, stdout: Buffer.from(lines.join('\n')), stderr: Buffer.alloc(0) })

  it('reads since when it is active, as every systemd prints it', () => {
    const active = ['LoadState=loaded', 'ActiveState=active', 'UnitFileState=enabled', 'MainPID=7']
    assert.equal(parse([...active, 'ActiveEnterTimestamp=Tue 2026-11-24 20:33:59 UTC']).activeSince, 1_795_552_439)
    assert.equal(parse([...active, 'ActiveEnterTimestamp=']).activeSince, undefined)
    assert.equal(parse([...active, 'ActiveEnterTimestamp=n/a']).activeSince, undefined)
  })
})
