import assert from 'node:assert/strict'
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { yamlSettings } from '../../src/modules/yaml-settings.ts'
import { Secret } from '../../src/secrets/secret.ts'
import type { ChangeDecision } from '../../src/modules/module.ts'
import { LocalHost } from '../support/local-host.ts'

describe('yaml_settings', () => {
  let host: LocalHost
  const file = () => host.path('elasticsearch.yml')

  beforeEach(() => (host = new LocalHost()))
  afterEach(() => host.remove())

  it('changes what it is told, shows it, keeps mode and every other byte, and has nothing to do again', async () => {
    writeFileSync(file(), '# c\r\na:   1  # why\r\nx.key: old\r\n')
    chmodSync(file(), 0o640)
    const values = { path: file(), settings: { a: 2, 'n.b': { c: true, d: ['x', 1] } }, absent: ['x.key', 'not.there'] }
    const { decision } = await host.run(yamlSettings, values)
    const { change } = decision as ChangeDecision
    assert.equal(change.summary, `${file()}: set a, n.b.c, n.b.d; remove x.key`)
    assert.equal(change.diff?.before, '# c\r\na:   1  # why\r\nx.key: old\r\n')
    assert.equal(readFileSync(file(), 'utf8'), '# c\r\na:   2  # why\r\nn.b.c: true\r\nn.b.d: [x, 1]\r\n')
    assert.equal(statSync(file()).mode & 0o777, 0o640)
    assert.equal((await host.run(yamlSettings, values)).decision.kind, 'keep')
  })

  it('only sets the mode where the settings are right already', async () => {
    writeFileSync(file(), 'a: 1\n')
    chmodSync(file(), 0o644)
    const { decision } = await host.run(yamlSettings, { path: file(), settings: { a: 1 }, mode: '0640' })
    assert.match((decision as ChangeDecision).change.summary, /mode 0644 → 0640/)
    assert.equal(statSync(file()).mode & 0o777, 0o640)
  })

  it('fails with the place of a setting that stands twice and touches nothing', async () => {
    const text = 'xpack:\n  a: 1\nxpack.a: 2\n'
    writeFileSync(file(), text)
    const { decision } = await host.run(yamlSettings, { path: file(), settings: { b: 1 } })
    assert.equal(decision.kind, 'fail')
    assert.equal(
      decision.kind === 'fail' && decision.message,
      `"xpack.a" is set twice, in lines 2 and 3 (local:${file()}:3:1)`,
    )
    assert.equal(readFileSync(file(), 'utf8'), text)
  })

  it('does not make a file that is missing unless it is told to', async () => {
    const values = { path: file(), settings: { a: 1 } }
    assert.equal((await host.run(yamlSettings, values)).decision.kind, 'fail')
    await host.run(yamlSettings, { ...values, create: true })
    assert.equal(readFileSync(file(), 'utf8'), 'a: 1\n')
  })

  it('refuses text that is not UTF-8', async () => {
    writeFileSync(file(), Buffer.from([0x61, 0x3a, 0x20, 0xe4, 0x0a]))
    assert.equal((await host.run(yamlSettings, { path: file(), settings: { a: 1 } })).decision.kind, 'fail')
  })

  it('masks passwords in the diff, and shows none for a secret value', async () => {
    writeFileSync(file(), 'xpack.security.http.ssl.keystore.password: "Old-Pass1"\nb: 1\n')
    const absent = ['xpack.security.http.ssl.keystore.password']
    const masked = (await host.run(yamlSettings, { path: file(), absent })).decision as ChangeDecision
    assert.equal(masked.change.diff?.before, 'xpack.security.http.ssl.keystore.password: ********\nb: 1\n')
    writeFileSync(file(), 'hosts: ["http://beat:Old-Pass1@es1:9200", "http://es2:9200"]\n')
    const url = (await host.run(yamlSettings, { path: file(), settings: { a: 1 } })).decision as ChangeDecision
    assert.equal(url.change.diff?.before, 'hosts: ["http://beat:********@es1:9200", "http://es2:9200"]\n')
    const secret = await host.run(yamlSettings, { path: file(), settings: { c: new Secret('Pl4nted') } })
    assert.equal((secret.decision as ChangeDecision).change.diff, undefined)
    assert.doesNotMatch(JSON.stringify(secret.decision), /Pl4nted/)
    assert.match(readFileSync(file(), 'utf8'), /^c: Pl4nted$/m)
  })

  it('foresees its own change in check mode', async () => {
    writeFileSync(file(), 'a: 1\n')
    const check = new LocalHost({ check: true, folder: host.folder })
    const values = { path: file(), settings: { a: 2 } }
    assert.equal((await check.run(yamlSettings, values)).decision.kind, 'change')
    assert.equal((await check.run(yamlSettings, values)).decision.kind, 'keep')
    assert.equal(readFileSync(file(), 'utf8'), 'a: 1\n')
  })
})
