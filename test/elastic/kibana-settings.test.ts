import assert from 'node:assert/strict'
import { kibanaSettings, type KibanaSources } from '../../src/elastic/kibana-settings.ts'
import { InputError } from '../../src/errors.ts'

function sources(text: string, more: Partial<KibanaSources> = {}): KibanaSources {
  return { text, path: '/etc/kibana/kibana.yml', keystore: new Map(), version: '9.5.0', ...more }
}

describe('kibanaSettings', () => {
  it('keeps a list a list and a string a string, so that a second run has nothing to change', () => {
    const list = kibanaSettings(sources('elasticsearch.hosts: ["http://a:9200", "http://b:9200"]\n'))
    assert.deepEqual(list.elasticsearchHosts, ['https://a:9200', 'https://b:9200'])
    const one = kibanaSettings(sources('elasticsearch:\n  hosts: http://a:9200\n'))
    assert.equal(one.elasticsearchHosts, 'https://a:9200')
  })

  it('takes the address in the keystore, which wins in Kibana too', () => {
    const keystore = new Map([['elasticsearch.hosts', 'http://old:9200']])
    const found = kibanaSettings(sources('elasticsearch.hosts: "http://new:9200"\n', { keystore }))
    assert.equal(found.elasticsearchHosts, 'https://old:9200')
  })

  it("takes the user's addresses before all others", () => {
    const wantedHosts = ['https://lb:443']
    assert.deepEqual(kibanaSettings(sources('', { wantedHosts })).elasticsearchHosts, wantedHosts)
  })

  it('knows Kibana by default settings where nothing is set', () => {
    const found = kibanaSettings(sources('# all defaults\n'))
    assert.deepEqual(found, {
      elasticsearchHosts: ['https://localhost:9200'],
      port: 5601,
      url: 'http://localhost:5601',
    })
  })

  it('finds where Kibana answers from its own host', () => {
    const url = (text: string) => kibanaSettings(sources(text)).url
    assert.equal(url('server.host: 0.0.0.0\nserver.port: 80\n'), 'http://localhost:80')
    assert.equal(url('server: {host: 10.0.0.1, ssl.enabled: true}\n'), 'https://10.0.0.1:5601')
    assert.equal(url('server.ssl.enabled: "true"\n'), 'https://localhost:5601', 'Kibana takes the word too')
    assert.equal(url('server.host: "fe80::1"\n'), 'http://[fe80::1]:5601')
    assert.equal(url('server.basePath: /k\nserver.rewriteBasePath: true\n'), 'http://localhost:5601/k')
    assert.equal(url('server.basePath: /k\n'), 'http://localhost:5601')
  })

  it('refuses the user elastic with its place, but not in 7.x, which only warns', () => {
    const text = 'server.port: 5601\nelasticsearch.username: elastic\n'
    assert.throws(
      () => kibanaSettings(sources(text)),
      (error) => error instanceof InputError && error.problems[0]?.position?.line === 2,
    )
    assert.equal(kibanaSettings(sources(text, { version: '7.17.24' })).port, 5601)
  })

  it('refuses a setting that stands in two spellings', () => {
    const text = 'elasticsearch.hosts: ["http://a:9200"]\nelasticsearch:\n  hosts: ["http://b:9200"]\n'
    assert.throws(() => kibanaSettings(sources(text)), InputError)
  })
})
