import assert from 'node:assert/strict'
import type { HostCounts } from '../../src/engine/events.ts'
import { recapLines } from '../../src/report/recap.ts'

const none: HostCounts = {
  ok: 0,
  changed: 0,
  unreachable: 0,
  failed: 0,
  skipped: 0,
  rescued: 0,
  ignored: 0,
  undetermined: 0,
}

describe('the recap', () => {
  const lines = (columns: number, counts: Partial<HostCounts> = {}) =>
    recapLines(
      { event: 'recap', check: false, durationMs: 0, hosts: { 'node-1': { ...none, ...counts } } },
      { color: false, columns },
    )

  it("is Ansible's line in files and on wide terminals", () => {
    const wide =
      'node-1                    : ok=3    changed=1    unreachable=0    failed=0    skipped=0    rescued=0    ignored=0   '
    assert.deepEqual(lines(Infinity, { ok: 3, changed: 1 }), [wide])
    assert.deepEqual(lines(120, { ok: 3, changed: 1 }), [wide])
  })

  it('fits 80 columns', () => {
    const [line = ''] = lines(80, { ok: 113, changed: 21 })
    assert.equal(line, 'node-1 : ok=113 changed=21 unreachable=0 failed=0 skipped=0 rescued=0 ignored=0')
    assert.ok(line.length <= 80)
  })

  it('adds what a check could not know only where there is some', () => {
    assert.match(lines(Infinity, { undetermined: 2 })[0] ?? '', /undetermined=2 *$/)
    assert.ok((lines(120, { undetermined: 2 })[0] ?? '').length <= 120)
  })
})
