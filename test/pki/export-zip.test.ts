import assert from 'node:assert/strict'
import { unzipSync } from 'fflate'
import { exportZip } from '../../src/pki/export-zip.ts'
import { now } from '../support/test-ca.ts'

describe('exportZip', () => {
  it("has certutil's layout", () => {
    const store = Buffer.from([0x30, 0x80, 0xff])
    const nodes = ['es1', 'es2'].map((node) => ({ node, store }))
    const files = unzipSync(exportZip({ nodes, authorityPem: 'PEM\n', now }))
    assert.deepEqual(Object.keys(files), [
      'elasticsearch/es1/README.txt',
      'elasticsearch/es1/http.p12',
      'elasticsearch/es1/sample-elasticsearch.yml',
      'elasticsearch/es2/README.txt',
      'elasticsearch/es2/http.p12',
      'elasticsearch/es2/sample-elasticsearch.yml',
      'kibana/README.txt',
      'kibana/elasticsearch-ca.pem',
      'kibana/sample-kibana.yml',
    ])
    assert.deepEqual(Buffer.from(files['elasticsearch/es2/http.p12']!), store)
    assert.equal(Buffer.from(files['kibana/elasticsearch-ca.pem']!).toString(), 'PEM\n')
    const sample = Buffer.from(files['elasticsearch/es1/sample-elasticsearch.yml']!).toString()
    assert.match(sample, /^xpack\.security\.http\.ssl\.keystore\.path: "http\.p12"$/m)
  })
})
