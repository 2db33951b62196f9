import assert from 'node:assert/strict'
import type { ClusterState } from '../../src/elastic/cluster-state.ts'
import { gateNames, judgeGates, type GateView } from '../../src/elastic/gates.ts'
import { restartOrder } from '../../src/elastic/restart-order.ts'

const node = (name: string, roles: readonly string[] = ['master', 'data']) => ({
  name,
  roles,
  version: '9.5.0',
  isElectedMaster: name === 'a',
})

const whole: ClusterState = {
  clusterName: 'lab',
  status: 'green',
  nodes: [node('a'), node('b'), node('c')],
  relocatingShards: 0,
  initializingShards: 0,
  unassignedShards: 0,
  delayedShards: 0,
  redIndices: [],
  allocation: undefined,
}

function judge(gate: string, now: Partial<ClusterState>, rest: Omit<GateView, 'now'> = { before: whole }): string {
  const [verdict] = judgeGates([gate], { now: { kind: 'state', state: { ...whole, ...now } }, ...rest })
  return `${verdict?.open === true ? 'open' : 'closed'}: ${verdict?.reason ?? ''}`
}

describe('gates', () => {
  it('are all open for a cluster that is what it was', () => {
    const verdicts = judgeGates(gateNames, { now: { kind: 'state', state: whole }, before: whole })
    assert.deepEqual(
      verdicts.filter((verdict) => !verdict.open),
      [],
    )
  })

  it('are closed for the reason why there is no state', () => {
    const now = { kind: 'silent', reason: 'Nothing answers', isTransient: true } as const
    for (const verdict of judgeGates(gateNames, { now })) {
      assert.deepEqual([verdict.open, verdict.reason], [false, 'Nothing answers'], verdict.gate)
    }
  })

  it('name the nodes that are missing', () => {
    assert.equal(judge('all_nodes_joined', { nodes: [node('a')] }), 'closed: "b", "c" are not in the cluster')
    assert.equal(judge('all_nodes_joined', {}), 'open: all 3 nodes are in the cluster')
    assert.equal(judge('all_nodes_joined', { nodes: [node('a')] }, {}), 'open: 1 nodes')
  })

  it('name the indices that are red', () => {
    const redIndices = ['i1', 'i2', 'i3', 'i4']
    assert.equal(
      judge('no_red_index', { status: 'red', redIndices }),
      'closed: primary shards are missing in i1, i2, i3, …',
    )
    assert.match(judge('no_red_index', { status: 'yellow' }), /^open/)
  })

  it('wait for shards that move, start, or have lost their node, but not for those that had none before', () => {
    assert.match(judge('shards_settled', { relocatingShards: 1 }), /^closed: 1 shards relocate/)
    assert.match(judge('shards_settled', { initializingShards: 2 }), /^closed: .*2 initialize/)
    assert.match(judge('shards_settled', { unassignedShards: 3 }), /^closed: 3 shards are unassigned, 0 were before/)
    const before = { ...whole, unassignedShards: 3 }
    assert.match(judge('shards_settled', { unassignedShards: 3 }, { before }), /^open: 3 shards unassigned, as before/)
    assert.match(judge('shards_settled', { unassignedShards: 3 }, {}), /^open/)
    assert.match(judge('shards_settled', { unassignedShards: 3, delayedShards: 3 }, {}), /^closed/)
  })

  it('compare health and nodes with before', () => {
    assert.equal(judge('not_worse_than_before', { status: 'yellow' }), 'closed: health is yellow, was green')
    const before = { ...whole, status: 'yellow' } as const
    assert.match(judge('not_worse_than_before', { status: 'green' }, { before }), /^open/)
    assert.match(judge('not_worse_than_before', { nodes: [node('a')] }), /^closed: 1 nodes, were 3/)
  })

  it('say plainly that a small cluster has an outage, unless it is allowed', () => {
    const one = { nodes: [node('a')] }
    assert.match(judge('one_node_down_survivable', one), /^closed: this is a cluster of one node/)
    assert.match(judge('one_node_down_survivable', one, { outageAllowed: true }), /^open: .*\(allowed\)/)
    const two = { nodes: [node('a'), node('b'), node('c', ['data'])] }
    assert.match(judge('one_node_down_survivable', two), /^closed: only 2 of the nodes are master-eligible/)
  })

  it('count the nodes that are to go down alone: others than the masters may', () => {
    const nodes = [node('a'), node('b', ['data']), node('c', ['data'])]
    assert.match(
      judge('one_node_down_survivable', { nodes }, { goingDown: ['a', 'b'] }),
      /^closed: only "a" is master-eligible/,
    )
    assert.match(judge('one_node_down_survivable', { nodes }, { goingDown: ['b', 'c'] }), /^open: the cluster keeps/)
    assert.match(judge('one_node_down_survivable', { nodes: [node('a')] }, { goingDown: [] }), /^open/)
  })

  it('are closed where replicas would not come back after a restart', () => {
    for (const allocation of ['none', 'primaries', 'new_primaries']) {
      assert.match(judge('allocation_on', { allocation }), new RegExp(`^closed: .*enable is "${allocation}"`))
    }
    assert.match(judge('allocation_on', { allocation: undefined }), /^open/)
    assert.match(judge('allocation_on', { allocation: 'all' }), /^open/)
  })

  it('that do not exist are closed', () => {
    assert.match(judge('no_such_gate', {}), /^closed: there is no gate named "no_such_gate"/)
  })
})

describe('restartOrder', () => {
  it('takes data tiers first, then master-eligible nodes, and the elected master last', () => {
    const nodes = [
      { name: 'elected', roles: ['master', 'data'], isElectedMaster: true },
      { name: 'master', roles: ['master'], isElectedMaster: false },
      { name: 'coordinating', roles: [], isElectedMaster: false },
      { name: 'data', roles: ['data', 'ingest'], isElectedMaster: false },
      { name: 'hot', roles: ['data_hot', 'data_content'], isElectedMaster: false },
      { name: 'cold', roles: ['data_cold'], isElectedMaster: false },
      { name: 'frozen', roles: ['data_frozen'], isElectedMaster: false },
      { name: 'warm', roles: ['data_warm'], isElectedMaster: false },
      { name: 'master2', roles: ['master', 'voting_only'], isElectedMaster: false },
    ]
    assert.deepEqual(
      restartOrder(nodes).map((one) => one.name),
      ['frozen', 'cold', 'warm', 'hot', 'data', 'coordinating', 'master', 'master2', 'elected'],
    )
  })
})
