import assert from 'node:assert/strict'
import { CommandBench } from '../support/cli.ts'

describe('elkseal inventory', () => {
  let bench: CommandBench
  beforeEach(() => {
    bench = new CommandBench()
    bench.file('hosts.ini', '[web]\nh[1:2]\n[web:vars]\na=1\n')
    bench.file('host_vars/h2.yml', 'b: two\n')
  })
  afterEach(() => bench.remove())

  const run = async (...words: readonly string[]) => {
    const { code, stdout, stderr } = await bench.run(['inventory', '-i', 'hosts.ini', ...words])
    assert.deepEqual([code, stderr], [0, ''])
    return stdout
  }

  it('prints the groups as a tree, from any group, with variables when asked', async () => {
    assert.equal(await run('--graph'), '@all:\n  |--@ungrouped:\n  |--@web:\n  |  |--h1\n  |  |--h2\n')
    assert.equal(await run('--graph', 'web'), '@web:\n  |--h1\n  |--h2\n')
    assert.match(await run('--graph', 'web', '--vars'), /h2\n {2}\| {2}\|--\{a = 1\}\n {2}\| {2}\|--\{b = two\}\n/)
  })

  it('prints all as JSON or YAML, and one host', async () => {
    const { _meta } = JSON.parse(await run('--list')) as { _meta: { hostvars: object } }
    assert.deepEqual(_meta.hostvars, { h1: { a: 1 }, h2: { a: 1, b: 'two' } })
    assert.deepEqual(JSON.parse(await run('--host', 'h2')), { a: 1, b: 'two' })
    assert.equal(await run('--host', 'h2', '--yaml'), 'a: 1\nb: two\n')
    assert.match(await run('--list', '--yaml'), /^all:\n {2}children:\n {4}web:\n/)
  })

  it('shows only the hosts of --limit', async () => {
    const { _meta } = JSON.parse(await run('--list', '--limit', 'h2')) as { _meta: { hostvars: object } }
    assert.deepEqual(Object.keys(_meta.hostvars), ['h2'])
  })

  it('gives every host the variables of -e, above its own', async () => {
    assert.deepEqual(JSON.parse(await run('--host', 'h2', '-e', 'b=three', '-e', '{"c": 4}')), {
      a: 1,
      b: 'three',
      c: 4,
    })
  })
})

describe('elkseal doc', () => {
  it('lists the modules, and prints the documentation of one under each of its names', async () => {
    const bench = new CommandBench()
    assert.match((await bench.run(['doc'])).stdout, /^copy +\S.*$/m)
    const [short, full] = [await bench.run(['doc', 'copy']), await bench.run(['doc', 'ansible.builtin.copy'])]
    assert.equal(short.code, 0)
    assert.match(short.stdout, /^# copy\n/)
    assert.equal(full.stdout, short.stdout)
    bench.remove()
  })
})
