import assert from 'node:assert/strict'
import { uncoveredHosts } from '../../src/elastic/covered-names.ts'

describe('uncoveredHosts', () => {
  const names = ['es1', 'ES2.example.com', '*.lab.example.com', '192.0.2.11', '0:0:0:0:0:0:0:1']

  it('finds names and addresses in any spelling', () => {
    const urls = ['https://ES1:9200', 'https://es2.example.com:9200/x', 'https://192.0.2.11:9200', 'https://[::1]:9200']
    assert.deepEqual(uncoveredHosts(urls, names), [])
  })

  it('lets a wildcard stand for one label only', () => {
    const urls = ['https://a.lab.example.com', 'https://a.b.lab.example.com', 'https://lab.example.com']
    assert.deepEqual(uncoveredHosts(urls, names), ['a.b.lab.example.com', 'lab.example.com'])
  })

  it('tells each host once', () => {
    assert.deepEqual(uncoveredHosts(['https://lb:1', 'https://lb:2', 'https://192.0.2.12'], names), [
      'lb',
      '192.0.2.12',
    ])
  })
})
