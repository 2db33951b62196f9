import assert from 'node:assert/strict'
import { verificationTable, type Check } from '../../src/report/verification.ts'

const check = (host: string, name: string, parts: Partial<Check> = {}): Check => ({
  host,
  name,
  ok: true,
  expected: 'yes',
  found: 'yes',
  ...parts,
})

describe('verificationTable', () => {
  it('lists the checks by host, however the hosts answered, and those of a host as they were made', () => {
    const table = verificationTable(
      [check('es10', 'health'), check('es2', 'health'), check('es10', 'credentials'), check('es2', 'credentials')],
      false,
    )
    const rows = table.split('\n').slice(1)
    assert.deepEqual(
      rows.map((row) => row.split(/\s+/).slice(0, 2).join(' ')),
      ['es2 health', 'es2 credentials', 'es10 health', 'es10 credentials'],
    )
  })

  it('says what was expected only where something else was found', () => {
    const table = verificationTable([check('es1', 'health', { ok: false, expected: 'green', found: 'red' })], false)
    assert.match(table, /es1 +health +BAD +red +expected: green$/m)
    assert.doesNotMatch(verificationTable([check('es1', 'health')], false), /expected/)
  })
})
