import assert from 'node:assert/strict'
import { chmodSync, chownSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { clusterSnapshot } from '../../../src/modules/cluster-snapshot.ts'
import { elasticsearchFacts } from '../../../src/modules/elasticsearch-facts.ts'
import { elasticsearchKeystore } from '../../../src/modules/elasticsearch-keystore.ts'
import { elasticsearchService } from '../../../src/modules/elasticsearch-service.ts'
import { yamlSettings } from '../../../src/modules/yaml-settings.ts'
import { Secret } from '../../../src/secrets/secret.ts'
import { ArchiveHost } from '../../support/elasticsearch-archive.ts'
import { needs, skipFor } from '../../support/needs.ts'

const yml = `cluster.name: one
node.name: n1
http.port: 19210
transport.port: 19310
discovery.type: single-node
xpack.security.enabled: true
`

for (const version of ['7.17.24', '8.19.5'] as const) {
  describe(`Elasticsearch ${version} from an archive`, function () {
    this.timeout(180_000)
    let host: ArchiveHost

    before(async function () {
      needs(this, 'mvn')
      needs(this, 'unzip')
      host = new ArchiveHost()
      await host.install(version, yml)
      host.variables['elastic_password'] = new Secret('elasticpw')
    })

    after(async () => {
      await host.task(elasticsearchService, { state: 'stopped', service: '', home: host.home }).catch(() => undefined)
      host.remove()
    })

    it('gets its keystore, starts, is looked at and stops', async () => {
      assert.match(
        (await host.task(elasticsearchFacts, { home: host.home })).words,
        new RegExp(`Elasticsearch ${version}`),
      )
      const keystore = { home: host.home, path_conf: host.conf, set: { 'bootstrap.password': new Secret('elasticpw') } }
      assert.equal((await host.task(elasticsearchKeystore, keystore)).kind, 'change')
      assert.equal((await host.task(elasticsearchKeystore, keystore)).kind, 'keep')
      assert.equal((await host.task(elasticsearchService, {})).kind, 'change')
      const { kind, words, result } = await host.task(clusterSnapshot, {})
      assert.equal(kind, 'ok', words)
      assert.equal(result['node_count'], 1)
      assert.equal((await host.task(elasticsearchService, {})).kind, 'keep')
      assert.equal((await host.task(elasticsearchService, { state: 'stopped' })).kind, 'change')
      assert.equal((await host.task(elasticsearchService, { state: 'stopped' })).kind, 'keep')
    })

    it('says in one line why it does not start', async () => {
      const settings = { 'xpack.security.http.ssl.enabled': true, 'xpack.security.http.ssl.keystore.path': 'none.p12' }
      await host.task(yamlSettings, { path: join(host.conf, 'elasticsearch.yml'), settings })
      const decision = await host.decide(elasticsearchService, {})
      assert.equal(decision.kind, 'change')
      await assert.rejects(host.task(elasticsearchService, {}))
      assert.match((await decision.explain?.(host.look))?.message ?? '', /"[^"]*none\.p12" does not exist/)
    })

    it('keeps owner, group and mode of its keystore when root changes it', async function () {
      if (process.getuid?.() !== 0) skipFor(this, 'needs root')
      const path = join(host.conf, 'elasticsearch.keystore')
      chownSync(path, 0, statSync(path).gid)
      chmodSync(path, 0o640)
      const before = statSync(path)
      const values = {
        home: host.home,
        path_conf: host.conf,
        set: { a: new Secret('1') },
        absent: ['bootstrap.password'],
      }
      assert.match((await host.task(elasticsearchKeystore, values)).words, /add a, remove bootstrap\.password/)
      const after = statSync(path)
      assert.deepEqual([after.uid, after.gid, after.mode], [before.uid, before.gid, before.mode])
      assert.equal((await host.task(elasticsearchKeystore, values)).kind, 'keep')
    })
  })
}
