import assert from 'node:assert/strict'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { unzipSync } from 'fflate'
import { readPkcs12 } from '../../src/pki/pkcs12.ts'
import { Secret } from '../../src/secrets/secret.ts'
import { CommandBench } from '../support/cli.ts'

const password = 'planted-p12-password'

const issue = `- hosts: elasticsearch
  gather_facts: false
  vars: {pki: "{{ inventory_dir }}/pki"}
  tasks:
    - certificate_authority: {dir: "{{ pki }}"}
      register: ca
      run_once: true
    - certificate: {dir: "{{ pki }}", node: "{{ inventory_hostname }}", known_as: ["{{ inventory_hostname }}"], p12_password: ${password}}
    - ca_bundle: {certificates: ["{{ ca.ca_pem }}"], dest: "{{ pki }}/elasticsearch-ca.pem"}
      run_once: true
`

describe('elkseal certs export', () => {
  let bench: CommandBench
  beforeEach(() => {
    bench = new CommandBench()
  })
  afterEach(() => bench.remove())

  it("writes the store in certutil's layout, for its owner alone, and over nothing", async () => {
    bench.file('hosts.ini', '[elasticsearch]\nes1 ansible_connection=local\nes2 ansible_connection=local\n')
    bench.file('issue.yml', issue)
    const issued = await bench.run(['run', 'issue.yml', '-i', 'hosts.ini'])
    assert.equal(issued.code, 0, issued.stdout + issued.stderr)

    const exported = await bench.run(['certs', 'export', 'out.zip', '-i', 'hosts.ini'])
    assert.equal(exported.code, 0, exported.stderr)
    const zip = join(bench.folder, 'out.zip')
    assert.equal(statSync(zip).mode & 0o777, 0o600)
    const files = unzipSync(readFileSync(zip))
    assert.deepEqual(Object.keys(files).sort(), [
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
    for (const node of ['es1', 'es2']) {
      const store = readPkcs12(Buffer.from(files[`elasticsearch/${node}/http.p12`]!), new Secret(password))
      assert.equal(store.keys.length, 1)
      assert.ok(
        store.certificates.some(({ certificate }) => certificate.checkHost(node) === node),
        node,
      )
    }
    for (const text of [issued.stdout, exported.stdout]) assert.ok(!text.includes(password))

    const again = await bench.run(['certs', 'export', 'out.zip', '-i', 'hosts.ini'])
    assert.equal(again.code, 1)
    assert.match(again.stderr, /exists already/)
  })
})
