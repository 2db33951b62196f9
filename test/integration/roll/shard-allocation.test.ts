import assert from 'node:assert/strict'
import { RollBench } from './roll-bench.ts'

const enable = 'cluster.routing.allocation.enable'
const marker = 'cluster.metadata.elkseal_allocation_before'

describe('shard allocation in a roll', function () {
  this.timeout(60_000)

  let bench: RollBench
  before(async () => {
    bench = await RollBench.open()
  })
  after(() => bench.close())
  beforeEach(() => bench.reset())

  it('is held for each restart and put back after it', async () => {
    const { code, text } = await bench.run({ serial: '1' })
    assert.equal(code, 0, text)
    assert.deepEqual(
      bench.cluster.allocations,
      bench.nodes.flatMap(() => ['primaries', null]),
    )
    assert.deepEqual(bench.cluster.persistent, {})
  })

  it('is the value again that was set before, also after a node that does not come back', async () => {
    bench.cluster.persistent = { [enable]: 'all', 'cluster.routing.rebalance.enable': 'none' }
    const before = bench.cluster.persistent
    bench.nodes[1]!.arm('dies')
    const { code, text } = await bench.run({ serial: '1' })
    assert.equal(code, 2, text)
    assert.deepEqual(bench.cluster.allocations, ['primaries', 'all', 'primaries', 'all'])
    assert.deepEqual(bench.cluster.persistent, before)
  })

  it('stays as somebody has set it, for good or for the time being', async () => {
    bench.cluster.persistent = { [enable]: 'new_primaries' }
    assert.equal((await bench.run({ serial: '100%' })).code, 0)
    bench.reset()
    bench.cluster.transient = { [enable]: 'all' }
    assert.equal((await bench.run({ serial: '100%' })).code, 0)
    assert.deepEqual([bench.cluster.allocations, bench.cluster.persistent], [[], {}])
  })

  it('that a run left which was killed is put back by the next', async () => {
    bench.cluster.persistent = { [enable]: 'primaries', [marker]: 'unset' }
    assert.equal((await bench.run({ serial: '100%' })).code, 0)
    assert.deepEqual([bench.cluster.allocations, bench.cluster.persistent], [[null], {}])
  })

  it('stays as somebody has set it while it was held', async () => {
    bench.cluster.persistent = { [enable]: 'none', [marker]: 'unset' }
    assert.equal((await bench.run({ serial: '100%' })).code, 0)
    assert.deepEqual(bench.cluster.persistent, { [enable]: 'none' })
  })

  it('that may not be set stops the roll before a node restarts, and tells the privilege', async () => {
    bench.cluster.settingsStatus = 403
    const { code, events } = await bench.run({ serial: '1' })
    const [trouble] = events.filter(({ status }) => status === 'failed')
    assert.equal(code, 2)
    assert.match(
      trouble?.summary ?? '',
      /"elastic" needs the cluster privilege "manage", or set shard_allocation to leave/,
    )
    assert.deepEqual(
      bench.nodes.map((node) => node.picture().starts),
      [0, 0, 0, 0, 0],
    )
  })
})
