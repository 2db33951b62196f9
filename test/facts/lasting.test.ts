import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import type { Output } from '../../src/connection/connection.ts'
import { elasticsearchInstallation } from '../../src/facts/elasticsearch.ts'
import { fileDetails } from '../../src/facts/file-details.ts'
import { fileAt } from '../../src/facts/file.ts'
import type { Lasting, Question } from '../../src/facts/question.ts'
import { serviceNamed } from '../../src/facts/service.ts'
import { LocalHost } from '../support/local-host.ts'

describe('what lasts of an answer', () => {
  let host: LocalHost
  beforeEach(() => {
    host = new LocalHost()
  })
  afterEach(() => host.remove())

  const lasting = async <T>(question: Question<T>): Promise<Lasting | undefined> =>
    question.lasting?.(await host.reader.ask(question))

  it('is of a file its kind, owner, mode and content, not its times', async () => {
    const [path, content] = [host.path('f'), { content: true }]
    writeFileSync(path, 'one')
    const before = await lasting(fileAt(path))
    assert.match(before?.words ?? '', /^a file, \S+:\S+ 0644$/)
    assert.deepEqual(await lasting(fileAt(path, content)), before)
    utimesSync(path, 1, 1)
    assert.deepEqual(await lasting(fileAt(path)), before)
    chmodSync(path, 0o600)
    assert.match((await lasting(fileAt(path)))?.words ?? '', /0600$/)
    chmodSync(path, 0o644)
    writeFileSync(path, 'two')
    const after = await lasting(fileAt(path))
    assert.deepEqual([after?.of, after?.words, after?.content === before?.content], [before?.of, before?.words, false])
  })

  it('is in words that show no content', async () => {
    writeFileSync(host.path('f'), 'Pl4nted')
    const { of, words } = (await lasting(fileAt(host.path('f'), { content: true })))!
    assert.doesNotMatch(`${of} ${words}`, /Pl4nted/)
  })

  it('tells absent, a folder and a link apart, and a link from what it leads to', async () => {
    mkdirSync(host.path('d'))
    symlinkSync('d', host.path('l'))
    const all = [
      await lasting(fileAt(host.path('none'))),
      await lasting(fileAt(host.path('d'))),
      await lasting(fileAt(host.path('l'))),
      await lasting(fileAt(host.path('l'), { follow: false })),
    ]
    assert.deepEqual(
      all.map((one) => one?.words.split(',')[0]),
      ['absent', 'a folder', 'a folder', 'a link to d'],
    )
    assert.notEqual(all[2]?.of, all[3]?.of)
  })

  it('is of the details of a file what it is and whose, not its size, which may grow', async () => {
    const question = fileDetails(host.path('f'), { follow: true, checksum: 'sha1' })
    writeFileSync(host.path('f'), 'one')
    const before = await lasting(question)
    writeFileSync(host.path('f'), 'one more')
    assert.deepEqual(await lasting(question), before)
    chmodSync(host.path('f'), 0o600)
    assert.notDeepEqual(await lasting(question), before)
  })

  it('is nothing of the files of the kernel', async () => {
    assert.equal(await lasting(fileAt('/proc/uptime', { content: true })), undefined)
    assert.equal(await lasting(fileDetails('/proc/uptime', { follow: true, checksum: undefined })), undefined)
  })

  it('is of a service whether it runs and is enabled, not its process', () => {
    const words = (more: Readonly<Record<string, string>>) => {
      const fields = { LoadState: 'loaded', ActiveState: 'active', UnitFileState: 'enabled', MainPID: '1', ...more }
      const question = serviceNamed('elasticsearch')
      const lines = Object.entries(fields).map(([name, value]) => `${name}=${value}\n`)
      return question.lasting?.(question.parse(printed(lines.join(''))))?.words
    }
    assert.equal(words({}), 'active, enabled')
    assert.equal(words({ MainPID: '2', ActiveEnterTimestamp: 'Tue 2026-11-24 20:33:59 UTC' }), 'active, enabled')
    assert.equal(words({ ActiveState: 'failed' }), 'failed, enabled')
    assert.equal(words({ UnitFileState: 'disabled' }), 'active, disabled')
    assert.equal(words({ LoadState: 'not-found' }), 'unknown')
  })

  it('is of Elasticsearch its version, place and account, not its process', () => {
    const words = (version: string, pid: string) => {
      const question = elasticsearchInstallation({})
      const head = `home=/usr/share/elasticsearch\nconf=/etc/elasticsearch\nunit=elasticsearch\nuser=e\ngroup=e`
      const text = `${head}\nversion=${version}\npid=${pid}\nowner=root:e\nhost=es1\nyml=\nnode.name: es1\n`
      return question.lasting?.(question.parse(printed(text)))?.words
    }
    assert.equal(words('9.5.0', '1'), '9.5.0 in /usr/share/elasticsearch, e:e')
    assert.equal(words('9.5.0', '2'), words('9.5.0', '1'))
    assert.notEqual(words('9.5.1', '1'), words('9.5.0', '1'))
  })
})

function printed(text: string): Output {
  return { code: 0, stdout: Buffer.from(text), stderr: Buffer.alloc(0) }
}
