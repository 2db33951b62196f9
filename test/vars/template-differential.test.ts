import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createScope } from '../../src/vars/scope.ts'
import { ansibleBin, needsAnsible } from '../support/ansible.ts'

const folder = join(import.meta.dirname, '../fixtures/vars')

interface Question {
  readonly vars: Readonly<Record<string, unknown>>
  readonly templates: readonly string[]
  readonly conditions: readonly string[]
}

type Answer = { readonly value: unknown } | { readonly error: string }

describe('templates beside ansible-core', function () {
  this.timeout(60_000)
  const question = JSON.parse(readFileSync(join(folder, 'templates.json'), 'utf8')) as Question
  const scope = createScope([{ values: question.vars, trusted: true }])
  let theirs: { readonly templates: readonly Answer[]; readonly conditions: readonly Answer[] }

  before(function () {
    needsAnsible(this)
    const script = join(folder, 'ansible-templates.py')
    const run = spawnSync(ansibleBin('python'), [script], { input: JSON.stringify(question), encoding: 'utf8' })
    assert.equal(run.status, 0, run.stderr)
    theirs = JSON.parse(run.stdout) as typeof theirs
  })

  it('gives the value that Ansible gives, with its type, or an error where Ansible has one', () => {
    const ours = question.templates.map((text) => outcome(text, () => scope.renderValue(text)))
    const expected = question.templates.map((text, index) => shown(text, theirs.templates[index]))
    assert.deepEqual(ours, expected)
  })

  it('holds and refuses the conditions that Ansible holds and refuses', () => {
    const ours = question.conditions.map((text) => outcome(text, () => scope.holds([text])))
    const expected = question.conditions.map((text, index) => shown(text, theirs.conditions[index]))
    assert.deepEqual(ours, expected)
  })
})

function outcome(text: string, work: () => unknown): string {
  try {
    return shown(text, { value: JSON.parse(JSON.stringify(work())) as unknown })
  } catch {
    return shown(text, { error: '' })
  }
}

function shown(text: string, answer: Answer | undefined): string {
  const result = answer === undefined || 'error' in answer ? 'an error' : JSON.stringify(answer.value)
  return `${text} → ${result}`
}
