import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { CommandBench, jsonLines } from '../support/cli.ts'

// The cluster is a server of this test that answers what gates ask; hosts are shells of this machine.
describe('the gates of a roll, on the way back', () => {
  let bench: CommandBench
  let server: Server
  /** By what is on the hosts. */
  let status: () => string

  beforeEach(async () => {
    bench = new CommandBench()
    status = () => 'green'
    server = createServer((request, response) => {
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(answer(request.url ?? '')))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    bench.file(
      'hosts.ini',
      `[web]
h1 ansible_connection=local
h2 ansible_connection=local
[web:vars]
elkseal_backup_dir=${bench.folder}/backup
elasticsearch_http_host=127.0.0.1
elasticsearch_http_port=${String(port)}
elastic_password=sesame
gate_timeout=1
`,
    )
    bench.file(
      'play.yml',
      `- hosts: web
  gather_facts: false
  serial: 1
  roll: {rollback: true, gates: [no_red_index]}
  tasks:
    - {name: conf, copy: {content: new, dest: "${bench.folder}/{{ inventory_hostname }}.conf"}}
`,
    )
    for (const host of ['h1', 'h2']) bench.file(`${host}.conf`, 'old')
    assert.equal((await bench.run(['run', 'play.yml', '-i', 'hosts.ini'])).code, 0)
  })
  afterEach(() => {
    server.closeAllConnections()
    server.close()
    bench.remove()
  })

  function answer(url: string): object {
    if (url.startsWith('/_cluster/health')) {
      return { cluster_name: 'c', status: status() }
    }
    if (url.startsWith('/_nodes')) return { nodes: { a: { name: 'n1', roles: ['master'], version: '9.5.0' } } }
    return url.startsWith('/_cluster/state') ? { master_node: 'a' } : {}
  }

  const rollback = async (...words: readonly string[]) => {
    const { code, stdout } = await bench.run(['rollback', '-i', 'hosts.ini', '--output', 'json', ...words])
    const lines = jsonLines(stdout)
    const tasks = lines.filter((line) => line['event'] === 'task')
    return {
      code,
      text: stdout,
      course: tasks
        .filter(({ module }) => module === 'rollback' || module === 'cluster_gate')
        .map(({ module, host, status: result }) => `${String(module)} ${String(host)} ${String(result)}`),
    }
  }
  const contents = () => ['h1', 'h2'].map((host) => readFileSync(join(bench.folder, `${host}.conf`), 'utf8'))

  it('are asked after each host', async () => {
    const { code, course, text } = await rollback()
    assert.equal(code, 0, text)
    assert.deepEqual(course, [
      'cluster_gate h2 ok',
      'rollback h2 changed',
      'cluster_gate h2 ok',
      'rollback h1 changed',
      'cluster_gate h1 ok',
    ])
    assert.deepEqual(contents(), ['old', 'old'])
  })

  it('stop the way back where they do not open again; it goes on later', async () => {
    status = () => (contents()[1] === 'old' ? 'red' : 'green')
    const { code, course, text } = await rollback()
    assert.equal(code, 2, text)
    assert.equal(course.at(-1), 'cluster_gate h2 failed')
    assert.match(text, /Not put back: h1/)
    assert.match(text, /is not undone everywhere. To go on with it: elkseal rollback \S+ -i hosts.ini/)
    assert.deepEqual(contents(), ['new', 'old'])
    status = () => 'green'
    assert.equal((await rollback()).code, 0)
    assert.deepEqual(contents(), ['old', 'old'])
  })

  it('hold nothing up when they are closed from the beginning and stay so, and that is told', async () => {
    status = () => 'red'
    const { code, course, text } = await rollback()
    assert.equal(code, 0, text)
    assert.deepEqual(
      course.filter((line) => line.startsWith('rollback')),
      ['rollback h2 changed', 'rollback h1 changed'],
    )
    assert.match(text, /The cluster is not whole: .* put back one after the other/)
  })

  it('have each host wait for the one before, also when they are closed from the beginning', async () => {
    // h2, put back, is still at work when it has started.
    let looks = 0
    status = () => (contents().join() === 'new,old' && (looks += 1) > 3 ? 'green' : 'red')
    await rollback('-e', 'gate_timeout=3')
    assert.deepEqual(contents(), ['old', 'old'])
    assert.ok(looks > 3, 'h1 was put back before h2 was ready')
  })

  it('stop the way back once it has made the cluster whole, and it is not any more', async () => {
    status = () => (contents().join() === 'new,old' ? 'green' : 'red')
    const { code, course, text } = await rollback()
    assert.equal(code, 2, text)
    assert.deepEqual(course.slice(1), [
      'rollback h2 changed',
      'cluster_gate h2 ok',
      'rollback h1 changed',
      'cluster_gate h1 failed',
    ])
  })
})
