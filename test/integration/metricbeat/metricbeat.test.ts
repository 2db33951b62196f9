import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { metricbeatFacts } from '../../../src/modules/metricbeat-facts.ts'
import { metricbeatKeystore } from '../../../src/modules/metricbeat-keystore.ts'
import { metricbeatModule } from '../../../src/modules/metricbeat-module.ts'
import { yamlSettings } from '../../../src/modules/yaml-settings.ts'
import { Secret } from '../../../src/secrets/secret.ts'
import { metricbeatBinary } from '../../lab/metricbeat-image.ts'
import { LocalHost } from '../../support/local-host.ts'
import { needs } from '../../support/needs.ts'
import { testAuthority } from '../../support/test-ca.ts'

const hard = [`a, b`, `0123456`, `"quoted"`, `'`, '{x}', '[1', 'ü ${X} \\ ', '1.50000']

describe('the Metricbeat modules, with a real Metricbeat', function () {
  this.timeout(15 * 60_000)
  const host = new LocalHost()
  let command: string

  before(async function () {
    needs(this, 'go')
    const binary = await metricbeatBinary()
    for (const name of ['home', 'conf/modules.d', 'data']) mkdirSync(host.path(name), { recursive: true })
    symlinkSync(binary, host.path('home/metricbeat'))
    writeFileSync(host.path('conf/metricbeat.yml'), settings, { mode: 0o600 })
    writeFileSync(host.path('conf/modules.d/elasticsearch.yml'), moduleFile)
    writeFileSync(host.path('conf/elasticsearch-ca.pem'), (await testAuthority()).certificate.toString())
    const found = await host.run(metricbeatFacts, place())
    command = String(found.result['metricbeat_command'])
  })
  after(() => host.remove())

  const place = () => ({ home: host.path('home'), path_conf: host.path('conf'), path_data: host.path('data') })
  const keystore = (more: object) => ({ command, path: host.path('data/metricbeat.keystore'), ...more })

  it('store every value so that Metricbeat logs in with it as it is', async () => {
    const logins: string[] = []
    const server = createServer((request, response) => {
      logins.push(Buffer.from((request.headers.authorization ?? '').slice('Basic '.length), 'base64').toString())
      response.end('{"version":{"number":"7.17.29"}}')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    for (const value of hard) {
      await host.run(metricbeatKeystore, keystore({ set: { ES_PW: new Secret(value) } }))
      await host.shell.run({ script: `${command} test output -E 'output.elasticsearch.hosts=["${url}"]'` })
      assert.equal(logins.at(-1), `writer:${value}`)
      assert.equal((await host.decide(metricbeatKeystore, keystore({ set: { ES_PW: value } }))).kind, 'keep')
    }
    server.close()
    assert.ok(!host.scripts.some((script) => hard.slice(0, 3).some((value) => script.includes(value))))
  })

  it('remove a setting, and have nothing to do for one that is not there', async () => {
    await host.run(metricbeatKeystore, keystore({ set: { GONE: 'v' } }))
    await host.run(metricbeatKeystore, keystore({ absent: ['GONE'] }))
    assert.equal((await host.decide(metricbeatKeystore, keystore({ absent: ['GONE'] }))).kind, 'keep')
  })

  it('edit its files so that Metricbeat accepts them and asks by https', async () => {
    const found = await host.run(metricbeatFacts, place())
    const path = host.path('conf/metricbeat.yml')
    await host.run(yamlSettings, { path, settings: found.result['metricbeat_settings'] })
    const files = found.result['metricbeat_module_files'] as readonly string[]
    assert.deepEqual(files, [host.path('conf/modules.d/elasticsearch.yml')])
    const ca = host.path('conf/elasticsearch-ca.pem')
    await host.run(metricbeatModule, { path: files[0], ca })
    assert.equal((await host.decide(metricbeatModule, { path: files[0], ca })).kind, 'keep')
    assert.equal((await host.shell.run({ script: `${command} test config` })).code, 0)
    const asked = await host.shell.run({ script: `${command} test modules elasticsearch node; ${command} test output` })
    assert.match(asked.stdout.toString(), /Get "https:\/\/localhost:1\/_nodes/)
    assert.match(asked.stdout.toString(), /elasticsearch: https:\/\/localhost:1\.\.\./)
    assert.match(readFileSync(path, 'utf8'), /# where to/)
  })

  // Those of an archive's Metricbeat lie there, and each call would push one out.
  it('leave no log behind', () => {
    assert.deepEqual(readdirSync(host.path('home')), ['metricbeat'])
  })
})

const settings = `metricbeat.config.modules.path: \${path.config}/modules.d/*.yml
output.elasticsearch:
  hosts: ["http://localhost:1"]   # where to
  username: writer
  password: "\${ES_PW}"
processors: []
`

const moduleFile = `- module: elasticsearch
  metricsets: [node]
  hosts: ["http://localhost:1"]
`
