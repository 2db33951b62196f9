import assert from 'node:assert/strict'
import { sanPlan, type NodeNaming } from '../../src/elastic/san-plan.ts'

const nothing: NodeNaming = { knownAs: [], names: [], addresses: [], localhost: false }

describe('sanPlan', () => {
  it('sorts names and addresses, drops doubles, keeps the order and ends with localhost', () => {
    const plan = sanPlan({
      knownAs: ['es1', '10.0.0.1', 'ES1', undefined, '', 'es1.lab'],
      names: ['search.example.com', 'es1.lab', '2001:DB8::1'],
      addresses: ['10.0.0.1', '10.0.0.2', '2001:db8:0::1'],
      localhost: true,
    })
    assert.deepEqual(plan, {
      names: {
        dns: ['es1', 'es1.lab', 'search.example.com', 'localhost'],
        addresses: ['10.0.0.1', '2001:db8::1', '10.0.0.2', '127.0.0.1', '::1'],
      },
      leftOut: [],
      problems: [],
    })
  })

  it('leaves out what a node is called but cannot be reached under', () => {
    const plan = sanPlan({ ...nothing, knownAs: ['Node One', 'es1', '0.0.0.0', '::', '_site_'] })
    assert.deepEqual(plan.names.dns, ['es1'])
    assert.deepEqual(plan.leftOut, ['Node One', '0.0.0.0', '::', '_site_'])
    assert.deepEqual(plan.names.addresses, [])
    assert.deepEqual(plan.problems, [])
  })

  it('reports every name and address that was asked for and is none', () => {
    const plan = sanPlan({ ...nothing, names: ['a b', 'ok'], addresses: ['ok'] })
    assert.deepEqual(
      plan.problems.map((problem) => problem.message),
      ['"a b" is no host name', '"ok" is no IP address'],
    )
  })
})
