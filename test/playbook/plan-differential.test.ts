import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { splitBatches } from '../../src/playbook/batches.ts'
import { isSelected } from '../../src/playbook/select-tags.ts'
import { ansibleBin, needsAnsible } from '../support/ansible.ts'

const script = join(import.meta.dirname, '../fixtures/playbook/ansible-plan.py')

const serialForms: readonly (readonly (number | string)[])[] = [
  [],
  [0],
  [1],
  [2],
  [4],
  [100],
  ['1%'],
  ['30%'],
  ['49%'],
  ['50%'],
  ['99%'],
  ['100%'],
  ['200%'],
  ['10%', '50%'],
  [1, '100%'],
  [1, 2],
  [1, 0],
  [2, '25%', 1],
  ['3'],
  [1, '10%', 5],
]

const serials = [1, 2, 3, 6, 7, 10, 33].flatMap((hosts) => serialForms.map((serial) => ({ hosts, serial })))

const tagSets = [
  [],
  ['a'],
  ['b'],
  ['a', 'b'],
  ['always'],
  ['never'],
  ['never', 'a'],
  ['always', 'a'],
  ['always', 'never'],
]
const onlySets = [['all'], ['a'], ['b', 'a'], ['tagged'], ['untagged'], ['all', 'a'], ['never'], ['always'], ['c']]
const skipSets = [[], ['a'], ['all'], ['always'], ['tagged'], ['untagged'], ['never'], ['all', 'always']]

const tags = tagSets.flatMap((own) => onlySets.flatMap((only) => skipSets.map((skip) => ({ tags: own, only, skip }))))

interface Answer {
  readonly serials: readonly (readonly number[])[]
  readonly tags: readonly boolean[]
}

describe('the plan beside ansible-core', function () {
  this.timeout(60_000)
  let answer: Answer

  before(function () {
    needsAnsible(this)
    const run = spawnSync(ansibleBin('python'), [script], {
      input: JSON.stringify({ serials, tags }),
      encoding: 'utf8',
    })
    assert.equal(run.status, 0, run.stderr)
    answer = JSON.parse(run.stdout) as Answer
  })

  it('splits batches as Ansible does', () => {
    const ours = serials.map(({ hosts, serial }) => {
      const names = Array.from({ length: hosts }, (_, index) => `h${index}`)
      return splitBatches(names, serial).map((batch) => batch.length)
    })
    assert.deepEqual(label(serials, ours), label(serials, answer.serials))
  })

  it('selects tasks by tags as Ansible does', () => {
    const ours = tags.map((one) => isSelected(one.tags, { tags: one.only, skipTags: one.skip }))
    assert.deepEqual(label(tags, ours), label(tags, answer.tags))
  })
})

function label(cases: readonly unknown[], answers: readonly unknown[]): readonly string[] {
  return cases.map((one, index) => `${JSON.stringify(one)} → ${JSON.stringify(answers[index])}`)
}
