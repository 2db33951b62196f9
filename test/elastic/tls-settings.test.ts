import assert from 'node:assert/strict'
import { nodeSettings } from '../../src/elastic/node-settings.ts'
import { planHttpTls } from '../../src/elastic/tls-settings.ts'
import { readSettings } from '../../src/yaml-settings/read-settings.ts'

const settings = (text: string) => readSettings(text, 'elasticsearch.yml').settings
const place = { home: '/opt/es', hostName: 'ek1.lab' }

describe('planHttpTls', () => {
  it('asks for two settings where there are none', () => {
    assert.deepEqual(planHttpTls(settings(''), 'http.p12'), {
      changes: { 'xpack.security.http.ssl.enabled': true, 'xpack.security.http.ssl.keystore.path': 'http.p12' },
      removeSecure: [],
      problems: [],
      warnings: [],
    })
  })

  it('has nothing to change where all is so, however it is spelled', () => {
    const text = 'xpack.security:\n  http.ssl: {enabled: true, keystore.path: http.p12, keystore.type: PKCS12}\n'
    assert.deepEqual(planHttpTls(settings(text), 'http.p12').changes, {})
  })

  it('removes what excludes a keystore file, and passwords beside the one in the keystore', () => {
    const prefix = 'xpack.security.http.ssl.'
    const names = ['certificate', 'key', 'keystore.password', 'keystore.type']
    const text = names.map((name) => `${prefix}${name}: jks\n`).join('')
    const plan = planHttpTls(settings(text), 'http.p12', [`${prefix}keystore.secure_key_password`, 'other'])
    assert.deepEqual(
      Object.keys(plan.changes)
        .filter((name) => plan.changes[name] === undefined)
        .sort(),
      names.map((name) => prefix + name).sort(),
    )
    assert.deepEqual(plan.removeSecure, [`${prefix}keystore.secure_key_password`])
  })

  it('refuses what cannot work, with its place, and warns of what may not be meant', () => {
    const text =
      'xpack.security.enabled: false\nxpack.security.http.ssl:\n  truststore.path: a\n  certificate_authorities: b\n  client_authentication: required\n'
    const plan = planHttpTls(settings(text), 'http.p12')
    assert.deepEqual(
      plan.problems.map((problem) => problem.position?.line),
      [1, 3],
    )
    assert.match(plan.warnings[0] ?? '', /client_authentication" is required/)
  })
})

describe('nodeSettings', () => {
  it("has Elasticsearch's defaults", () => {
    assert.deepEqual(nodeSettings(settings(''), place), {
      clusterName: 'elasticsearch',
      nodeName: 'ek1.lab',
      httpPort: 9200,
      httpHost: '127.0.0.1',
      httpScheme: 'http',
      transportPort: 9300,
      transportHost: '127.0.0.1',
      logFolder: '/opt/es/logs',
      logFile: '/opt/es/logs/elasticsearch.log',
    })
  })

  it('reads names, ports, addresses and the log of a node', () => {
    const text =
      'cluster.name: lab\nnode.name: ${HOSTNAME}-1\nnetwork.host: [192.0.2.1, _local_]\nhttp.port: 9201-9300\npath.logs: /var/log/es\nxpack.security.http.ssl.enabled: true\n'
    const node = nodeSettings(settings(text), place)
    assert.equal(node.nodeName, 'ek1.lab-1')
    assert.deepEqual([node.httpScheme, node.httpHost, node.httpPort], ['https', '192.0.2.1', 9201])
    assert.equal(node.logFile, '/var/log/es/lab.log')
  })

  it('turns addresses to bind to into addresses to connect to', () => {
    const hosts = [
      ['0.0.0.0', '127.0.0.1'],
      ['_site_', '127.0.0.1'],
      ['"::"', '::1'],
      ['es1.lab', 'es1.lab'],
    ] as const
    for (const [written, expected] of hosts) {
      assert.equal(nodeSettings(settings(`http.host: ${written}\n`), place).httpHost, expected)
    }
  })

  it('finds the transport by the setting that Elasticsearch prefers', () => {
    const names = ['transport.host', 'transport.bind_host', 'network.host', 'network.bind_host']
    const lines = names.map((name, index) => `${name}: 192.0.2.${index}\n`)
    names.forEach((_, index) => {
      assert.equal(nodeSettings(settings(lines.slice(index).join('')), place).transportHost, `192.0.2.${index}`)
    })
  })
})
