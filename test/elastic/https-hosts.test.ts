import assert from 'node:assert/strict'
import { byHttps } from '../../src/elastic/https-hosts.ts'
import { TaskError } from '../../src/errors.ts'

const kibana = { variable: 'kibana_elasticsearch_hosts' }
const beat = { scheme: 'http', port: 9200, variable: 'metricbeat_elasticsearch_hosts' } as const

describe('byHttps', () => {
  it('changes the scheme and keeps name, port and path', () => {
    const hosts = ['http://es1:9200', 'http://10.0.0.1:9201/', 'http://[::1]:9200', 'http://proxy:80/es']
    const secure = ['https://es1:9200', 'https://10.0.0.1:9201', 'https://[::1]:9200', 'https://proxy:80/es']
    assert.deepEqual(byHttps(hosts, kibana), secure)
  })

  it('leaves what is https already exactly as it is written', () => {
    const hosts = ['https://es1:9200/', 'https://es2']
    assert.deepEqual(byHttps(hosts, kibana), hosts)
    assert.deepEqual(byHttps(hosts, beat), hosts)
  })

  it('gives a host of Beats without scheme and port those that Beats give it', () => {
    assert.deepEqual(byHttps(['es1', 'es2:9201', 'http://es3/es'], beat), [
      'https://es1:9200',
      'https://es2:9201',
      'https://es3:9200/es',
    ])
  })

  it('does not guess where Kibana is given no port: that is 80, which no node serves', () => {
    assert.throws(() => byHttps(['http://es1'], kibana), TaskError)
  })

  it('refuses what is no address', () => {
    for (const host of ['ftp://es1:21', 'http://', ':::']) assert.throws(() => byHttps([host], kibana), TaskError)
  })

  it('names an address in a refusal without the password in it', () => {
    const places = ['http://kibana:Hunter22@es1', 'ftp://kibana:Hunter22@es1', 'http://kibana:/Hunter22@es1']
    for (const host of places) {
      assert.throws(
        () => byHttps([host], kibana),
        ({ message }: Error) => /^"\w+:\/\/es1/.test(message) && !message.includes('Hunter22'),
      )
    }
  })
})
