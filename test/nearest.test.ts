import assert from 'node:assert/strict'
import { nearest } from '../src/nearest.ts'

describe('nearest', () => {
  const known = ['elasticsearch', 'kibana', 'metricbeat', 'es1', 'es2']

  it('finds the word that was meant: a letter missing, doubled, wrong, swapped, or of the other case', () => {
    for (const name of ['elasticsarch', 'elasticseearch', 'elasticsaerch', 'Elasticsearch', 'elesticsearch']) {
      assert.equal(nearest(name, known), 'elasticsearch')
    }
    assert.equal(nearest('ex2', known), 'es2')
  })

  it('finds none when all are other words', () => {
    assert.equal(nearest('logstash', known), undefined)
    assert.equal(nearest('web', known), undefined)
    assert.equal(nearest('x', []), undefined)
  })
})
