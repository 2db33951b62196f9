import assert from 'node:assert/strict'
import { UsageError } from '../../../src/errors.ts'
import { planFormat, type Plan } from '../../../src/engine/plan/plan.ts'
import { planText, readPlanText } from '../../../src/engine/plan/plan-file.ts'
import { PlanKey } from '../../../src/engine/plan/plan-key.ts'
import { openVault } from '../../../src/secrets/ansible-vault.ts'
import { SecretError } from '../../../src/secrets/secret-error.ts'
import { Secret } from '../../../src/secrets/secret.ts'
import { passwordFromText } from '../../../src/secrets/vault-password.ts'

const vaultOf = (password: string) => openVault([passwordFromText('default', new Secret(password))])
const vault = vaultOf('right')
const version = '1.2.3'
const plan: Plan = {
  format: planFormat,
  elkseal: version,
  made: '2026-11-24T20:00:00.000Z',
  command: { playbook: '/p/play.yml', inventory: ['/p/hosts.ini'], limit: undefined, tags: [], skipTags: [] },
  plays: [{ play: 'P', hosts: ['es1'] }],
  steps: [],
  seen: { es1: { 'file:/etc/a': { words: 'a file, root:root 0644', digest: 'abc' } } },
  inputs: { files: {}, variablesOfHosts: {}, variables: {}, extraVars: {} },
}
const text = planText(plan, PlanKey.create(vault))
const read = (given: string) => readPlanText(given, 'plan.json', { vault, version })

describe('a plan file', () => {
  it('is read back as it was written, and its key makes the same digests', () => {
    const key = PlanKey.create(vault)
    const opened = read(planText(plan, key))
    assert.deepEqual(opened.plan, JSON.parse(JSON.stringify(plan)))
    assert.equal(opened.key.digest('x'), key.digest('x'))
  })

  it('has another key each time, so that two plans cannot be compared by their digests', () => {
    assert.notEqual(PlanKey.create(vault).digest('x'), PlanKey.create(vault).digest('x'))
  })

  it('may be laid out anew: only what it says is sealed', () => {
    assert.deepEqual(read(JSON.stringify(JSON.parse(text))).plan.plays, plan.plays)
  })

  it('is refused after any change to what it says', () => {
    const values = [...text.matchAll(/"(?:[^"\\]|\\.)*"(?=,?\n)/g)]
    assert.ok(values.length > 10)
    for (const { index, 0: value } of values) {
      if (value.startsWith('"$ANSIBLE_VAULT') || value === `"${planFormat}"` || value === `"${version}"`) continue
      const changed = `${text.slice(0, index)}"X${value.slice(1)}${text.slice(index + value.length)}`
      assert.throws(() => read(changed), /was changed after it was made|No known vault password opens|not a complete/)
    }
  })

  it('is refused when something was taken out of it', () => {
    const without = { ...(JSON.parse(text) as Plan), plays: [] }
    assert.throws(() => read(JSON.stringify(without)), /was changed after it was made/)
  })

  it('is refused when it comes from another version, by the number', () => {
    const other = text.replace(`"elkseal": "${version}"`, '"elkseal": "1.2.2"')
    assert.throws(() => read(other), /The plan "plan\.json" was made by elkseal 1\.2\.2, and this is 1\.2\.3/)
    assert.throws(() => read(text.replace(planFormat, 'elkseal plan 0')), UsageError)
  })

  it('cannot be opened with another vault password', () => {
    const other = { vault: vaultOf('wrong'), version }
    assert.throws(
      () => readPlanText(text, 'plan.json', other),
      (error: Error) => error instanceof SecretError && error.message === 'No known vault password opens "plan.json"',
    )
  })

  it('is told from other files', () => {
    for (const other of ['', '{}', '[]', 'null', 'steps: []', '{"format": "elkseal plan 1", "elkseal": "1.2.3"}']) {
      assert.throws(() => read(other), /"plan\.json" is no plan of elkseal/, other)
    }
  })
})
