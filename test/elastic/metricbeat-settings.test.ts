import assert from 'node:assert/strict'
import fc from 'fast-check'
import { metricbeatSettings, secureModuleFile } from '../../src/elastic/metricbeat-settings.ts'
import { InputError, TaskError } from '../../src/errors.ts'

const caPath = '/etc/metricbeat/elasticsearch-ca.pem'
const settingsOf = (text: string) => metricbeatSettings({ text, path: 'metricbeat.yml', caPath })
const secured = (text: string) => secureModuleFile(text, 'elasticsearch.yml', caPath)

describe('metricbeatSettings', () => {
  it('wants https and the CA for the output', () => {
    assert.deepEqual(settingsOf('output.elasticsearch:\n  hosts: ["es1:9200"]\n').wanted, {
      'output.elasticsearch.hosts': ['https://es1:9200'],
      'output.elasticsearch.ssl.certificate_authorities': [caPath],
    })
  })

  it('wants the same for monitoring where it has hosts of its own', () => {
    const { wanted } = settingsOf(
      'output.elasticsearch.hosts: [a]\nmonitoring.elasticsearch.hosts: ["http://m:9200"]\n',
    )
    assert.deepEqual(wanted['monitoring.elasticsearch.hosts'], ['https://m:9200'])
    assert.deepEqual(wanted['monitoring.elasticsearch.ssl.certificate_authorities'], [caPath])
  })

  it('turns ssl on again where it is off, which would throw the CA away', () => {
    const { wanted } = settingsOf('output.elasticsearch:\n  hosts: [a]\n  ssl.enabled: false\n')
    assert.equal(wanted['output.elasticsearch.ssl.enabled'], true)
  })

  it('refuses a setting in two spellings, of which Beats take either', () => {
    const text = 'output.elasticsearch.hosts: [a]\noutput.elasticsearch:\n  hosts: [b]\n'
    assert.throws(() => settingsOf(text), InputError)
  })

  it('refuses an output that is not Elasticsearch', () => {
    assert.throws(() => settingsOf('output.logstash.hosts: [l]\n'), TaskError)
  })
})

describe('secureModuleFile', () => {
  it('gives each block of the module elasticsearch https and the CA, and leaves others alone', () => {
    const before =
      '# top\n- module: elasticsearch\n  xpack.enabled: true\n  hosts: ["http://a:9200"]\n  #username: u\n\n' +
      '# next\n- module: system\n  hosts: ["x"]\n- module: elasticsearch\n  ssl:\n    enabled: false\n  hosts: b'
    assert.equal(
      secured(before),
      `# top\n- module: elasticsearch\n  xpack.enabled: true\n  hosts: ["https://a:9200"]\n  #username: u\n  ssl.certificate_authorities: [${caPath}]\n\n` +
        '# next\n- module: system\n  hosts: ["x"]\n- module: elasticsearch\n  ssl:\n    enabled: true\n' +
        `  ssl.certificate_authorities: [${caPath}]\n  hosts: ["https://b:9200"]`,
    )
  })

  it('keeps the line ends of a CRLF file', () => {
    assert.doesNotMatch(secured('- module: elasticsearch\r\n  hosts: [a]\r\n\r\n# end\r\n'), /[^\r]\n/)
  })

  it('changes nothing a second time, and nothing of blocks that are not its own', () => {
    const line = fc.constantFrom(
      '  period: 10s',
      '  # note',
      '# far left',
      '',
      '  metricsets:\n    - node\n    - index',
    )
    const block = fc
      .tuple(fc.constantFrom('elasticsearch', 'system', 'kibana'), fc.uniqueArray(line, { maxLength: 4 }))
      .map(([name, lines]) => `- module: ${name}\n${lines.map((one) => `${one}\n`).join('')}`)
    fc.assert(
      fc.property(fc.array(block, { maxLength: 4 }), (blocks) => {
        const before = blocks.join('')
        const after = secured(before)
        assert.equal(secured(after), after)
        const added = /^ {2}(hosts|ssl\.certificate_authorities): \[.*\]\n/gm
        assert.equal(after.replaceAll(added, ''), before)
      }),
    )
  })
})
