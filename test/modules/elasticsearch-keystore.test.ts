import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { elasticsearchKeystore } from '../../src/modules/elasticsearch-keystore.ts'
import { Secret } from '../../src/secrets/secret.ts'
import { LocalHost } from '../support/local-host.ts'

const planted = new Secret('Pl4nted S3cret ')

/** Writes down what it is called with and what it reads; what the real tool does is tested with Elasticsearch. */
const standIn = `#!/bin/sh
conf=$ES_PATH_CONF
printf '%s\\n' "$*" >> "$conf/calls"
cat >> "$conf/input"
echo changed > "$conf/elasticsearch.keystore"; chmod 0660 "$conf/elasticsearch.keystore"
`

/** Format 4, written by elasticsearch-keystore 7.17.24: xpack.one, my.two and keystore.seed. */
const stored =
  'P9dsFxZlbGFzdGljc2VhcmNoLmtleXN0b3JlAAAABAAAAADKAAAAQJelK21V3dd2MidRxZ6KM91rjUy6rHdgTb1EUie+5pPb/68sIU37UWjuMudvUtOWZ89CRgka3N3tXckV1AftoqwAAAAMq1pLvGkiC/iKmKidAAAAckTIL789jh4ZMsuvYWVkCJoOg1ExvWqZtuQqS/UoB2tWiF7PDfphXe7QFWpdfH64vmYsxTv4L/anWFKwllIYXDB84hbj2GqhFear0z/93fDD2taJpLhqEfhVUafZ8AGtdLzz1LsGZS5DyuL6DbSkMTM4qMAok+gAAAAAAAAAAEVOITk='

describe('elasticsearch_keystore', () => {
  let host: LocalHost
  const values = (more: Record<string, unknown>) => ({ home: host.path('home'), path_conf: host.path('conf'), ...more })

  beforeEach(() => {
    host = new LocalHost()
    mkdirSync(host.path('home/bin'), { recursive: true })
    mkdirSync(host.path('conf'))
    writeFileSync(host.path('home/bin/elasticsearch-keystore'), standIn, { mode: 0o755 })
  })
  afterEach(() => host.remove())

  it('gives names as words and values on stdin, one line each', async () => {
    const { decision } = await host.run(elasticsearchKeystore, values({ set: { a: planted, 'b.c': 'two' } }))
    assert.equal(
      decision.kind === 'change' && decision.change.summary,
      `${host.path('conf')}/elasticsearch.keystore: add a, add b.c`,
    )
    assert.equal(readFileSync(host.path('conf/calls'), 'utf8'), 'add -x -f a b.c\n')
    assert.equal(readFileSync(host.path('conf/input'), 'utf8'), 'Pl4nted S3cret \ntwo\n')
    for (const script of host.scripts) assert.doesNotMatch(script, /Pl4nted/)
    assert.doesNotMatch(JSON.stringify(decision), /Pl4nted/)
  })

  it('refuses names and values that the tool could not take', async () => {
    for (const set of [{ 'bad name': 'x' }, { a: 'two\nlines' }]) {
      assert.equal((await host.run(elasticsearchKeystore, values({ set }))).decision.kind, 'fail')
    }
  })

  it('stops at a copy that an interrupted tool left behind', async () => {
    writeFileSync(host.path('conf/elasticsearch.keystore.tmp'), '')
    const { decision } = await host.run(elasticsearchKeystore, values({ set: { a: 'x' } }))
    assert.match(decision.kind === 'fail' ? decision.message : '', /is left from an interrupted/)
  })

  it('stops at a file that is no keystore', async () => {
    writeFileSync(host.path('conf/elasticsearch.keystore'), 'garbage')
    await assert.rejects(host.run(elasticsearchKeystore, values({ set: { a: 'x' } })), /no Elasticsearch keystore/)
  })

  it('compares first, changes what differs only, and puts the mode back', async () => {
    const file = host.path('conf/elasticsearch.keystore')
    writeFileSync(file, Buffer.from(stored, 'base64'))
    chmodSync(file, 0o640)
    const same = { 'xpack.one': 'plain value' }
    assert.equal((await host.run(elasticsearchKeystore, values({ set: same, absent: ['a'] }))).decision.kind, 'keep')
    const wish = values({ set: { ...same, 'my.two': 'new' }, absent: ['keystore.seed'] })
    const { decision } = await host.run(elasticsearchKeystore, wish)
    assert.match(decision.kind === 'change' ? decision.change.summary : '', /: replace my\.two, remove keystore\.seed$/)
    assert.equal(readFileSync(host.path('conf/calls'), 'utf8'), 'remove keystore.seed\nadd -x -f my.two\n')
    assert.equal(readFileSync(host.path('conf/input'), 'utf8'), 'new\n')
    assert.equal(statSync(file).mode & 0o777, 0o640)
  })

  it('has nothing to remove from a keystore that does not exist', async () => {
    const { decision } = await host.run(elasticsearchKeystore, values({ absent: ['a'] }))
    assert.equal(decision.kind, 'keep')
  })
})
