import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { fileAt } from '../../src/facts/file.ts'
import { Forecast } from '../../src/facts/forecast.ts'
import { folderAt } from '../../src/facts/folder.ts'
import { pathAt } from '../../src/facts/path.ts'
import { LocalHost } from '../support/local-host.ts'

describe('both views of a path', () => {
  let host: LocalHost
  beforeEach(() => {
    host = new LocalHost()
  })
  afterEach(() => host.remove())

  it('are what each look alone finds, with a link, a dangling one, and none', async () => {
    writeFileSync(host.path('file'), 'x')
    mkdirSync(host.path('folder'))
    symlinkSync('file', host.path('to file'))
    symlinkSync('folder', host.path('to folder'))
    symlinkSync('no\nwhere', host.path('dangling'))
    for (const name of ['file', 'folder', 'to file', 'to folder', 'dangling', 'none']) {
      const path = host.path(name)
      const { itself, current } = await host.reader.ask(pathAt(path))
      assert.deepEqual(itself, await host.reader.ask(fileAt(path, { follow: false })), name)
      assert.deepEqual(current, await host.reader.ask(fileAt(path)), name)
    }
  })

  it('are foreseen where a check foresees the path', () => {
    const forecast = new Forecast()
    assert.equal(pathAt('/a').foresee?.(forecast), undefined)
    forecast.setFile('/a', { kind: 'absent' })
    assert.deepEqual(pathAt('/a').foresee?.(forecast), { itself: { kind: 'absent' }, current: { kind: 'absent' } })
  })
})

describe('a look at a folder', () => {
  it('tells whether files can be put there, through links, and what stands there instead', async () => {
    const host = new LocalHost()
    mkdirSync(host.path('folder'))
    symlinkSync('folder', host.path('link'))
    writeFileSync(host.path('file'), 'x')
    const found = async (name: string) => host.reader.ask(folderAt(host.path(name)))
    assert.deepEqual(await Promise.all(['folder', 'link', 'file', 'none', 'file/below'].map(found)), [
      'folder',
      'folder',
      'other',
      'absent',
      'absent',
    ])
    host.remove()
  })

  it('foresees one that would be made, and one that would be removed', () => {
    const forecast = new Forecast()
    assert.equal(folderAt('/etc/new').foresee?.(forecast), undefined)
    forecast.setFile('/etc/new', { kind: 'directory', owner: 'root', group: 'root', mode: 0o755, mtime: 0 })
    forecast.setFile('/etc/old', { kind: 'absent' })
    assert.equal(folderAt('/etc/new').foresee?.(forecast), 'folder')
    assert.equal(folderAt('/etc').foresee?.(forecast), 'folder')
    assert.equal(folderAt('/etc/old/below').foresee?.(forecast), 'absent')
  })
})
