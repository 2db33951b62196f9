import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { modulesByName } from '../../src/modules/registry.ts'
import { listPlaybook } from '../../src/playbook/listing.ts'
import { loadPlaybook } from '../../src/playbook/load.ts'
import { matchesTaskName } from '../../src/playbook/start-at-task.ts'
import { validatePlaybook, type Validation } from '../../src/playbook/validate.ts'

let folder = ''

function load(text: string, files: Readonly<Record<string, string>> = {}) {
  for (const [name, content] of Object.entries({ 'site.yml': text, ...files }))
    writeFileSync(join(folder, name), content)
  return loadPlaybook(join(folder, 'site.yml'), modulesByName)
}

const nothingAsked: Validation = {
  modules: modulesByName,
  gates: ['no_red_index', 'shards_settled'],
  hosts: () => [],
  tags: [],
  skipTags: [],
  startAtTask: undefined,
}

function problems(text: string, validation: Partial<Validation> = {}, files: Readonly<Record<string, string>> = {}) {
  return validatePlaybook(load(text, files), { ...nothingAsked, ...validation }).map(
    ({ message, position, hint }) => `${position?.line ?? '-'}: ${message}${hint === undefined ? '' : ` (${hint})`}`,
  )
}

const tasks = (body: string, handlers = '') => `- hosts: all\n  tasks:\n${body}${handlers}`

describe('validatePlaybook', () => {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'elkseal-validate-'))
  })

  afterEach(() => rmSync(folder, { recursive: true }))

  it('finds notified handlers by name and by topic, and names one that is not there', () => {
    const handlers = '  handlers:\n    - {name: restart it, debug: {}, listen: topic}\n'
    assert.deepEqual(problems(tasks('    - {debug: {}, notify: [restart it, topic]}\n', handlers)), [])
    assert.deepEqual(problems(tasks('    - {debug: {}, notify: restart}\n', handlers)), [
      '3: There is no handler "restart" in this play',
    ])
    assert.deepEqual(problems(tasks('    - block: [{debug: {}, notify: restart its}]\n', handlers)), [
      '3: There is no handler "restart its" in this play (Did you mean "restart it"?)',
    ])
  })

  it('leaves handlers alone that only the run can tell', () => {
    assert.deepEqual(problems(tasks('    - {debug: {}, notify: "{{ which }}"}\n')), [])
    const named = '  handlers:\n    - {name: "restart {{ x }}", debug: {}}\n'
    assert.deepEqual(problems(tasks('    - {debug: {}, notify: restart y}\n', named)), [])
  })

  it('asks for known gates and host patterns', () => {
    assert.deepEqual(problems('- hosts: all\n  roll: {gates: [no_red_indx]}\n'), [
      '2: There is no gate "no_red_indx" (Did you mean "no_red_index"?)',
    ])
    const hosts: Validation['hosts'] = (pattern, position) => [{ message: `no ${pattern}`, position }]
    assert.deepEqual(problems('- hosts: web\n- hosts: "{{ x }}"\n', { hosts }), ['1: no web'])
  })

  it('asks for tags that exist', () => {
    const text = '- hosts: all\n  tags: play\n  tasks:\n    - {debug: {}, tags: [renew]}\n'
    assert.deepEqual(problems(text, { tags: ['play', 'renew', 'all', 'tagged'], skipTags: ['always'] }), [])
    assert.deepEqual(problems(text, { tags: ['renw'] }), ['-: No task has the tag "renw" (Did you mean "renew"?)'])
    assert.deepEqual(problems(text, { skipTags: ['zzz'] }), ['-: No task has the tag "zzz" (Its tags are play, renew)'])
  })

  it('asks for a task to start at', () => {
    const text = tasks('    - {name: Place it, debug: {}}\n')
    assert.deepEqual(problems(text, { startAtTask: 'Place it' }), [])
    assert.deepEqual(problems(text, { startAtTask: 'Pl*' }), [])
    assert.deepEqual(problems(text, { startAtTask: 'Place id' }), [
      '-: There is no task "Place id" to start at (Did you mean "Place it"?)',
    ])
  })

  it('looks into included files whose name is fixed, also into one that includes itself', () => {
    const text = tasks('    - include_tasks: more.yml\n')
    const again = { 'more.yml': '- {debug: {}, tags: deep, notify: gone}\n- {include_tasks: more.yml, when: again}\n' }
    assert.deepEqual(problems(text, { tags: ['deep'] }, again), ['1: There is no handler "gone" in this play'])
    assert.deepEqual(problems(text, {}, { 'more.yml': '- copyy: {}\n' }), [
      '1: There is no module or keyword "copyy" (Did you mean "copy"?)',
    ])
  })

  it('says nothing of tags when a file depends on variables', () => {
    assert.deepEqual(problems(tasks('    - include_tasks: "{{ x }}.yml"\n'), { tags: ['unknown'] }), [])
  })

  it('takes no task of a rescue or of an included file for a start', () => {
    const text = tasks(
      '    - include_tasks: more.yml\n    - {block: [{name: in, ping: }], rescue: [{name: saved, ping: }]}\n',
    )
    const more = { 'more.yml': '- {name: included, ping: }\n' }
    assert.deepEqual(problems(text, { startAtTask: 'in' }, more), [])
    for (const startAtTask of ['included', 'saved']) {
      assert.match(
        problems(text, { startAtTask }, more).join(),
        new RegExp(`There is no task "${startAtTask}" to start at`),
      )
    }
  })

  it("lists plays, hosts, tasks and tags in Ansible's form", () => {
    const playbook = load(
      '- name: P\n  hosts: web,db\n  tags: p\n  tasks:\n    - {name: one, debug: {}, tags: b}\n    - block: [{debug: {}, tags: a}]\n    - {name: no, debug: {}, tags: never}\n',
    )
    const text = listPlaybook(playbook, {
      show: ['hosts', 'tasks', 'tags'],
      hosts: () => ['n1', 'n2'],
      selection: { tags: [], skipTags: [] },
    })
    assert.equal(
      text,
      `\nplaybook: ${playbook.file}\n\n  play #1 (web,db): P\tTAGS: [p]\n    pattern: ['web', 'db']\n    hosts (2):\n      n1\n      n2\n    tasks:\n      one\tTAGS: [b, p]\n      debug\tTAGS: [a, p]\n      TASK TAGS: [a, b, p]\n\n`,
    )
  })
})

describe('matchesTaskName', () => {
  it('reads names and shell patterns', () => {
    assert.ok(matchesTaskName('Stop [now]', 'Stop [now]'))
    assert.ok(matchesTaskName('Place the file', '*the*'))
    assert.ok(matchesTaskName('a1', 'a[0-9]') && !matchesTaskName('ax', 'a[0-9]') && matchesTaskName('ax', 'a[!0-9]'))
    assert.ok(!matchesTaskName('Place', 'lace'))
  })
})
