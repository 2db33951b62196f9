import assert from 'node:assert/strict'
import {
  allocationSettings,
  holdAllocation,
  restoreAllocation,
  type AllocationStep,
} from '../../src/elastic/shard-allocation.ts'

const enable = 'cluster.routing.allocation.enable'
const marker = 'cluster.metadata.elkseal_allocation_before'
const settings = (persistent: object = {}, transient: object = {}) => allocationSettings({ persistent, transient })
const body = (step: AllocationStep) => (step.kind === 'set' ? step.body.persistent : {})
const reason = (step: AllocationStep) => (step.kind === 'leave' ? step.reason : '')

describe('shard allocation', () => {
  it('is held with a note of what was there', () => {
    assert.deepEqual(body(holdAllocation(settings())), { [enable]: 'primaries', [marker]: 'unset' })
    assert.deepEqual(body(holdAllocation(settings({ [enable]: 'all' }))), { [enable]: 'primaries', [marker]: 'all' })
  })

  it('is put back from the note alone, whoever wrote it', () => {
    for (const before of [{}, { [enable]: 'all' }]) {
      const written = { ...before, ...body(holdAllocation(settings(before))) }
      const restored = { ...written, ...body(restoreAllocation(settings(written))) }
      const left = Object.fromEntries(Object.entries(restored).filter(([, value]) => value !== null))
      assert.deepEqual(left, before)
    }
  })

  it('is held once', () => {
    const held = settings({ [enable]: 'primaries', [marker]: 'all' })
    assert.equal(holdAllocation(held).kind, 'leave')
  })

  it('is left alone where somebody has set it', () => {
    assert.match(reason(holdAllocation(settings({ [enable]: 'none' }))), /is "none", and stays so/)
    assert.match(reason(holdAllocation(settings({}, { [enable]: 'primaries' }))), /is "primaries", and stays so/)
    assert.match(reason(holdAllocation(settings({}, { [enable]: 'all' }))), /transient setting, and stays so/)
    assert.equal(restoreAllocation(settings({ [enable]: 'primaries' })).kind, 'leave')
  })

  it('stays as somebody has set it while it was held; only the note goes', () => {
    assert.deepEqual(body(restoreAllocation(settings({ [enable]: 'none', [marker]: 'unset' }))), { [marker]: null })
    assert.deepEqual(body(restoreAllocation(settings({ [marker]: 'all' }))), { [marker]: null })
  })
})
