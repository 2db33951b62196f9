import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openKibanaKeystore } from '../../src/elastic/sealed-store.ts'
import type { Reader } from '../../src/facts/question.ts'
import { kibanaFacts } from '../../src/modules/kibana-facts.ts'
import { kibanaKeystore } from '../../src/modules/kibana-keystore.ts'
import { keystoreNow } from '../../src/modules/keystore-now.ts'
import { Secret } from '../../src/secrets/secret.ts'
import { KibanaHome } from '../kibana-stand-in/stand-in.ts'
import { LocalHost } from '../support/local-host.ts'

const group = execFileSync('id', ['-gn'], { encoding: 'utf8' }).trim()

describe('kibana_keystore', () => {
  let kibana: KibanaHome
  let host: LocalHost

  beforeEach(() => {
    kibana = new KibanaHome()
    host = new LocalHost()
  })
  afterEach(async () => {
    host.remove()
    await kibana.remove()
  })

  const values = (more: Readonly<Record<string, unknown>>) => ({
    home: kibana.home,
    path: kibana.path('kibana.keystore'),
    group,
    ...more,
  })
  const stored = (password = '') =>
    Object.fromEntries(openKibanaKeystore(readFileSync(kibana.path('kibana.keystore')), 'k', password))

  it('makes a keystore that its group can read, and stores a password of digits as text', async () => {
    const set = { 'elasticsearch.password': new Secret('0123456'), 'xpack.key': new Secret(`a 'b" \\n`) }
    const { decision } = await host.run(kibanaKeystore, values({ set }))
    assert.equal(decision.kind, 'change')
    assert.deepEqual(stored(), { 'elasticsearch.password': '0123456', 'xpack.key': `a 'b" \\n` })
    assert.equal(statSync(kibana.path('kibana.keystore')).mode & 0o777, 0o660)
    assert.equal((await host.decide(kibanaKeystore, values({ set }))).kind, 'keep')
    assert.ok(!host.scripts.some((script) => script.includes('0123456')))
  })

  it('leaves a keystore that Kibana can read also where a value is refused, for the next run finds it there', async () => {
    const tool = join(kibana.home, 'bin/kibana-keystore')
    const refusing = readFileSync(tool, 'utf8').replace('\n', '\n[ "$1" != add ] || exit 1\n')
    writeFileSync(tool, refusing)
    await assert.rejects(host.run(kibanaKeystore, values({ set: { a: 'v' } })))
    assert.equal(statSync(kibana.path('kibana.keystore')).mode & 0o777, 0o660)
  })

  it('decides nothing about a keystore that cannot be read', async () => {
    const unreadable = { kind: 'file', owner: 'root', group: 'kibana', mode: 0o660, mtime: 0, size: 99 } as const
    const closed = { ask: () => Promise.resolve({ ...unreadable, sha256: undefined }) } as unknown as Reader
    await assert.rejects(keystoreNow(closed, '/etc/kibana/kibana.keystore'), {
      message: 'Cannot read "/etc/kibana/kibana.keystore"',
      hint: 'Use become: true',
    })
  })

  it('replaces an old value and removes what hides kibana.yml', async () => {
    await kibana.keystore(['create'])
    await kibana.keystore(['add', 'elasticsearch.hosts', '-x'], '"http://old:9200"')
    await kibana.keystore(['add', 'elasticsearch.password', '-x'], 'old')
    const wish = values({ set: { 'elasticsearch.password': 'new' }, absent: ['elasticsearch.hosts', 'not.there'] })
    const { decision } = await host.run(kibanaKeystore, wish)
    const summary = decision.kind === 'change' ? decision.change.summary : ''
    assert.match(summary, /: replace elasticsearch\.password, remove elasticsearch\.hosts$/)
    assert.deepEqual(stored(), { 'elasticsearch.password': 'new' })
  })

  it('opens a protected keystore, and keeps its password out of scripts and of the environment', async () => {
    await kibana.keystore(['create', '-p'], 'closed-pw\n')
    const wish = values({ set: { a: 'v' }, password: new Secret('closed-pw') })
    await host.run(kibanaKeystore, wish)
    assert.deepEqual(stored('closed-pw'), { a: 'v' })
    assert.equal((await host.decide(kibanaKeystore, wish)).kind, 'keep')
    assert.ok(!host.scripts.some((script) => script.includes('closed-pw') || script.includes('KEYSTORE_PASSWORD=')))
  })

  it('has nothing to do, and makes no keystore, where nothing is wanted', async () => {
    assert.equal((await host.decide(kibanaKeystore, values({ absent: ['elasticsearch.hosts'] }))).kind, 'keep')
  })

  it('forecasts the same change and then has nothing more to do', async () => {
    const check = new LocalHost({ check: true })
    const wish = values({ set: { a: 'v' } })
    const { decision } = await check.run(kibanaKeystore, wish)
    assert.equal(decision.kind, 'change')
    assert.equal((await check.decide(kibanaKeystore, wish)).kind, 'keep')
    check.remove()
  })

  it('shows the facts an address that hides in the keystore', async () => {
    kibana.write('kibana.yml', 'elasticsearch.hosts: ["http://new:9200"]\n')
    await kibana.keystore(['create'])
    await kibana.keystore(['add', 'elasticsearch.hosts', '-x'], '"http://old:9200"')
    const { decision } = await host.run(kibanaFacts, { home: kibana.home, path_conf: kibana.config })
    assert.equal(decision.facts?.['kibana_elasticsearch_hosts'], 'https://old:9200')
    assert.equal(decision.facts?.['kibana_keystore_path'], kibana.path('kibana.keystore'))
  })
})
