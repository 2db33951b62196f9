import assert from 'node:assert/strict'
import { join } from 'node:path'
import { RollBench, type RollResult } from './roll-bench.ts'

const tasks = join(import.meta.dirname, '../../../playbooks/tasks/restart-is-survivable.yml')
const look = `    - import_tasks: ${tasks}`

describe('a cluster that cannot do without a node', function () {
  this.timeout(60_000)

  let bench: RollBench
  before(async () => {
    bench = await RollBench.open()
  })
  after(() => bench.close())
  beforeEach(() => bench.reset())

  const refused = async (extraVars: Readonly<Record<string, string>> = {}): Promise<RollResult> => {
    const before = bench.nodes.map((node) => node.picture())
    const result = await bench.run({ serial: '1', look, extraVars })
    assert.equal(result.code, 2, result.text)
    assert.deepEqual(
      bench.nodes.map((node) => node.picture()),
      before,
    )
    return result
  }
  const summaryOf = ({ events }: RollResult) => events.find(({ status }) => status === 'failed')?.summary ?? ''

  it('is told before anything is touched, with what allows it', async () => {
    bench.cluster.masters = ['h1', 'h2']
    assert.match(
      summaryOf(await refused()),
      /only 2 of the nodes are master-eligible: the cluster does not answer while one of them restarts.*-e outage_allowed=true/,
    )
  })

  it('is rolled when that is allowed', async () => {
    bench.cluster.masters = ['h1', 'h2']
    const { code, text } = await bench.run({ serial: '100%', look, extraVars: { outage_allowed: 'true' } })
    assert.equal(code, 0, text)
    assert.deepEqual(
      await Promise.all(bench.nodes.map((node) => node.serves())),
      bench.nodes.map(() => 'new'),
    )
  })

  it('is one whose replicas would not come back, whatever is allowed', async () => {
    bench.cluster.persistent = { 'cluster.routing.allocation.enable': 'primaries' }
    assert.match(
      summaryOf(await refused({ outage_allowed: 'true' })),
      /allocation_on: .* is "primaries": .*Set cluster\.routing\.allocation\.enable to null/,
    )
  })

  it('is none with three master-eligible nodes', async () => {
    bench.cluster.masters = ['h1', 'h2', 'h3']
    const { code, text } = await bench.run({ serial: '100%', look })
    assert.equal(code, 0, text)
  })
})
