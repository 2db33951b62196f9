import assert from 'node:assert/strict'
import { nearestName } from '../../src/inventory/nearest-name.ts'

describe('nearestName', () => {
  const known = ['elasticsearch', 'kibana', 'metricbeat', 'es1', 'es2']

  it('finds the word that was meant: a letter missing, doubled, wrong, swapped, or of the other case', () => {
    for (const name of ['elasticsarch', 'elasticseearch', 'elasticsaerch', 'Elasticsearch', 'elesticsearch']) {
      assert.equal(nearestName(name, known), 'elasticsearch')
    }
    assert.equal(nearestName('ex2', known), 'es2')
  })

  it('finds none when all are other words', () => {
    assert.equal(nearestName('logstash', known), undefined)
    assert.equal(nearestName('web', known), undefined)
    assert.equal(nearestName('x', []), undefined)
  })
})
