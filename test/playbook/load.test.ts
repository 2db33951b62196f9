import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { InputError, type Problem } from '../../src/errors.ts'
import { modulesByName } from '../../src/modules/registry.ts'
import { loadPlaybook, loadTaskFile, loadVarsFile, readPlaybook } from '../../src/playbook/load.ts'
import type { Block, IncludeTasks, Play, Task } from '../../src/playbook/playbook.ts'

let folder = ''

function write(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
}

function load(text: string, files: Readonly<Record<string, string>> = {}): readonly Play[] {
  write({ 'site.yml': text, ...files })
  return loadPlaybook(join(folder, 'site.yml'), modulesByName).plays
}

function firstTask(task: string): Task {
  const [play] = load(`- hosts: all\n  tasks:\n${task.replace(/^/gm, '    ')}`)
  const item = play?.tasks[0]
  assert.ok(item?.kind === 'task')
  return item
}

/** `line:column message (hint)` of each problem. */
function problemsOf(text: string, files: Readonly<Record<string, string>> = {}): readonly string[] {
  write({ 'site.yml': text, ...files })
  return readPlaybook(join(folder, 'site.yml'), modulesByName).problems.map(shown)
}

function taskProblems(task: string): readonly string[] {
  return problemsOf(`- hosts: all\n  tasks:\n${task.replace(/^/gm, '    ')}`)
}

function shown({ message, position, hint }: Problem): string {
  const place = position === undefined ? '' : `${position.line}:${position.column} `
  return `${place}${message}${hint === undefined ? '' : ` (${hint})`}`.replaceAll(folder, '')
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'elkseal-playbook-'))
})

afterEach(() => rmSync(folder, { recursive: true }))

describe('loadPlaybook', () => {
  it('reads every keyword of a play', () => {
    const [play] = load(`
- name: All of it
  hosts: [web, "!old"]
  serial: [1, "30%"]
  order: sorted
  max_fail_percentage: 30
  any_errors_fatal: true
  gather_facts: no
  become: true
  become_user: app
  vars: {a: "{{ b }}"}
  vars_files: extra.yml
  environment: {LANG: C}
  tags: "one, two"
  roll: {order: elastic, gates: [no_red_index], shard_allocation: restored, rollback: true}
  pre_tasks: [{debug: msg=pre}]
  tasks: [{debug: {msg: main}}]
  post_tasks: [{ansible.builtin.debug: {msg: post}}]
  handlers: [{name: again, debug: {msg: handler}, listen: [x, y]}]
`)
    assert.ok(play)
    assert.equal(play.hosts, 'web,!old')
    assert.deepEqual(play.serial, [1, '30%'])
    assert.equal(play.order, 'sorted')
    assert.equal(play.maxFailPercentage, 30)
    assert.equal(play.anyErrorsFatal, true)
    assert.equal(play.gatherFacts, false)
    assert.deepEqual(play.vars, { a: '{{ b }}' })
    assert.deepEqual(play.varsFiles, ['extra.yml'])
    assert.deepEqual(play.common.tags, ['one', 'two'])
    assert.equal(play.common.becomeUser, 'app')
    assert.deepEqual(play.common.environment, { LANG: 'C' })
    assert.equal(play.roll?.shardAllocation, 'restored')
    assert.deepEqual([play.roll.order, play.roll.gates, play.roll.rollback], ['elastic', ['no_red_index'], true])
    const tasks = [...play.preTasks, ...play.tasks, ...play.postTasks] as readonly Task[]
    assert.deepEqual(
      tasks.map((task) => [task.module, task.args]),
      [
        ['debug', { msg: 'pre' }],
        ['debug', { msg: 'main' }],
        ['debug', { msg: 'post' }],
      ],
    )
    assert.deepEqual((play.handlers[0] as Task).listen, ['x', 'y'])
    assert.deepEqual(play.position, { file: join(folder, 'site.yml'), line: 2, column: 3 })
  })

  it("has Ansible's defaults", () => {
    const [play] = load('- hosts: all\n')
    assert.equal(play?.name, 'all')
    assert.equal(play.gatherFacts, true)
    assert.deepEqual([play.serial, play.order, play.roll, play.anyErrorsFatal], [[], 'inventory', undefined, false])
  })

  it('reads every keyword of a task', () => {
    const task = firstTask(`
- name: Everything
  command: uptime
  when: [a is defined, b == 1]
  loop: "{{ things }}"
  loop_control: {loop_var: thing, index_var: n, label: "{{ thing.name }}", pause: 2}
  register: result
  changed_when: false
  failed_when: ["result.rc > 1", "'no' in result.stderr"]
  until: result.rc == 0
  retries: 5
  delay: 1
  notify: [restart, "{{ other }}"]
  run_once: true
  delegate_to: localhost
  ignore_errors: true
  no_log: true
  check_mode: false
  diff: false
  tags: [x]
  vars: {a: 1}
`)
    assert.equal(task.name, 'Everything')
    assert.deepEqual(task.common.when, ['a is defined', 'b == 1'])
    assert.deepEqual(task.loop, {
      over: '{{ things }}',
      loopVar: 'thing',
      indexVar: 'n',
      label: '{{ thing.name }}',
      pauseSeconds: 2,
    })
    assert.equal(task.register, 'result')
    assert.deepEqual(task.changedWhen, ['false'])
    assert.deepEqual(task.failedWhen, ['result.rc > 1', "'no' in result.stderr"])
    assert.deepEqual([task.until, task.retries, task.delaySeconds], [['result.rc == 0'], 5, 1])
    assert.deepEqual(task.notify, ['restart', '{{ other }}'])
    const { runOnce, delegateTo, ignoreErrors, noLog, checkMode, diff, tags, vars } = task.common
    assert.deepEqual(
      [runOnce, delegateTo, ignoreErrors, noLog, checkMode, diff],
      [true, 'localhost', true, true, false, false],
    )
    assert.deepEqual([tags, vars], [['x'], { a: 1 }])
  })

  it('takes an empty list of conditions as none', () => {
    const { changedWhen, failedWhen, until, common } = firstTask(
      '- debug: msg=1\n  changed_when: []\n  failed_when: []\n  until: []\n  when: []',
    )
    assert.deepEqual([changedWhen, failedWhen, until, common.when], [undefined, undefined, undefined, []])
  })

  it("tells a command's options from its words", () => {
    assert.deepEqual(firstTask(`- command: make "a b" chdir=/src creates=/src/done`).args, {
      chdir: '/src',
      creates: '/src/done',
      cmd: 'make "a b"',
    })
    assert.deepEqual(firstTask(`- shell: X=1 run --a=b "{{ c | default('d e') }}"  | tee  x`).args, {
      cmd: `X=1 run --a=b "{{ c | default('d e') }}"  | tee  x`,
    })
    assert.deepEqual(firstTask(`- command: id\n  args: {chdir: /tmp}`).args, { chdir: '/tmp', cmd: 'id' })
  })

  it('wraps unsafe and vaulted texts', () => {
    const { args } = firstTask(`- copy:\n    dest: /x\n    content: !unsafe "{{ a"`)
    assert.deepEqual(args['content'], {
      tag: '!unsafe',
      text: '{{ a',
      position: { file: join(folder, 'site.yml'), line: 5, column: 26 },
    })
  })

  it('makes a block of an import, with what the import says for all of its tasks', () => {
    const [play] = load(
      `- hosts: all\n  tasks:\n    - import_tasks: tasks/a.yml\n      when: x\n      tags: t\n      vars: {v: 1}\n`,
      { 'tasks/a.yml': '- import_tasks: b.yml\n- debug: msg=a\n', 'tasks/b.yml': '- debug: msg=b\n' },
    )
    const outer = play?.tasks[0] as Block
    const inner = outer.block[0] as Block
    assert.deepEqual(
      [outer.kind, outer.common.when, outer.common.tags, outer.common.vars],
      ['block', ['x'], ['t'], { v: 1 }],
    )
    assert.deepEqual((inner.block[0] as Task).args, { msg: 'b' })
    assert.equal((inner.block[0] as Task).folder, join(folder, 'tasks'))
  })

  it('leaves an include for the run, blocks with rescue and always whole', () => {
    const [play] = load(`
- hosts: all
  tasks:
    - include_tasks: "{{ os }}.yml"
      loop: [1, 2]
    - block: [{debug: msg=1}]
      rescue: [{debug: msg=2}]
      always: [{debug: msg=3}]
      become: true
`)
    const [include, block] = play?.tasks as readonly [IncludeTasks, Block]
    assert.deepEqual(
      [include.kind, include.file, include.folder, include.loop?.over],
      ['include', '{{ os }}.yml', folder, [1, 2]],
    )
    assert.deepEqual(
      [block.block.length, block.rescue.length, block.always.length, block.common.become],
      [1, 1, 1, true],
    )
  })

  it('puts the plays of an imported playbook in its place, with its variables, tags and conditions', () => {
    const plays = load(
      `- hosts: a\n- import_playbook: sub/more.yml\n  vars: {x: 1}\n  tags: t\n  when: y\n- hosts: c\n`,
      {
        'sub/more.yml': '- hosts: b\n  tags: own\n  vars: {x: 0, z: 2}\n',
      },
    )
    assert.deepEqual(
      plays.map((play) => play.hosts),
      ['a', 'b', 'c'],
    )
    assert.deepEqual(plays[1]?.vars, { x: 1, z: 2 })
    assert.deepEqual(plays[1]?.common.tags, ['t', 'own'])
    assert.deepEqual(plays[1]?.common.when, ['y'])
    assert.equal(plays[1]?.folder, join(folder, 'sub'))
  })

  it('tells all problems of all files at once', () => {
    write({
      'site.yml': '- hosts: all\n  srial: 1\n  tasks:\n    - import_tasks: a.yml\n    - nothing: 1\n',
      'a.yml': '- copyy: {}\n',
    })
    assert.throws(
      () => loadPlaybook(join(folder, 'site.yml'), modulesByName),
      (error) => error instanceof InputError && error.problems.length === 3,
    )
  })
})

describe("a playbook's problems", () => {
  it('name an unknown keyword of a play, its place and the word that was meant', () => {
    assert.deepEqual(problemsOf('- hosts: all\n  srial: 1\n'), [
      '2:3 There is no keyword "srial" in a play (Did you mean "serial"?)',
    ])
  })

  it("tell Ansible's words that are not there from mistakes", () => {
    assert.deepEqual(problemsOf('- hosts: all\n  strategy: free\n  roles: [a]\n  remote_user: x\n'), [
      '2:3 The keyword "strategy" is not supported in a play',
      '3:3 The keyword "roles" is not supported in a play',
      '4:3 The keyword "remote_user" is not supported in a play (Set the variable "ansible_user")',
    ])
    assert.deepEqual(taskProblems('- debug: msg=1\n  with_items: [1]\n  async: 5'), [
      '4:7 "with_items" is not supported in a task (Use "loop")',
      '5:7 The keyword "async" is not supported in a task',
    ])
    assert.match(
      taskProblems('- local_action: debug')[0] ?? '',
      /"local_action" is not supported .*delegate_to: localhost/,
    )
    assert.match(taskProblems('- action: debug')[0] ?? '', /"action" is not supported/)
  })

  it('name an unknown module and an unknown argument', () => {
    assert.deepEqual(taskProblems('- coppy: {dest: /x}'), [
      '3:7 There is no module or keyword "coppy" (Did you mean "copy"?)',
    ])
    assert.deepEqual(taskProblems('- debug: {mgs: x}'), [
      '3:15 Argument "mgs" of debug is not supported (Did you mean "msg"?)',
    ])
    assert.match(taskProblems('- community.general.ini_file: {}')[0] ?? '', /"community.general.ini_file"/)
  })

  it('name what is wrong with a task as a whole', () => {
    assert.deepEqual(taskProblems('- name: empty'), ['3:7 The task has no module'])
    assert.deepEqual(taskProblems('- debug: msg=1\n  command: id'), [
      '4:7 A task has one module, not both "debug" and "command"',
    ])
    assert.deepEqual(taskProblems('- just text'), ['3:7 A task must be a mapping'])
    assert.match(taskProblems('- debug: some words')[0] ?? '', /debug takes no text, but "some words" is no key=value/)
    assert.match(taskProblems('- rescue: []')[0] ?? '', /"rescue" is of no use without "block"/)
    assert.match(
      taskProblems('- debug: msg=1\n  register: a-b')[0] ?? '',
      /"register" must be a variable's name .* not "a-b"/,
    )
    assert.match(taskProblems('- meta: flush_handler')[0] ?? '', /must be one of flush_handlers/)
    assert.match(taskProblems('- debug: msg=1\n  loop: 5')[0] ?? '', /"loop" must be a list/)
    assert.match(
      taskProblems('- debug: msg=1\n  loop: [1]\n  loop_control: {lable: x}')[0] ?? '',
      /Did you mean "label"/,
    )
    assert.match(taskProblems('- debug: msg=1\n  listen: x')[0] ?? '', /"listen"/)
  })

  it('place a template or condition that is no valid Jinja', () => {
    assert.deepEqual(taskProblems('- debug:\n    msg: "a {{ b"\n  when: a =='), [
      '4:14 Not a valid template: The end of the tag is missing: "}}"',
      '5:13 "when" is not a valid condition: Expected an expression, found the end',
    ])
    assert.match(taskProblems('- assert: {that: ["a b"]}')[0] ?? '', /"that" is not a valid condition/)
  })

  it('name imports that cannot be read or never end', () => {
    assert.match(problemsOf('- import_playbook: none.yml\n')[0] ?? '', /^1:3 Cannot read "\/none.yml"/)
    assert.match(problemsOf('- import_playbook: site.yml\n')[0] ?? '', /"site.yml" imports itself/)
    assert.match(
      taskProblems('- import_tasks: "{{ x }}.yml"')[0] ?? '',
      /cannot have a template \(Use "include_tasks"\)/,
    )
    assert.match(taskProblems('- import_tasks: a.yml\n  loop: [1]')[0] ?? '', /cannot loop/)
  })

  it('name what is no playbook', () => {
    assert.match(problemsOf('hosts: all\n')[0] ?? '', /must be a list of plays/)
    assert.match(problemsOf('')[0] ?? '', /has no plays/)
    assert.match(problemsOf('- name: x\n')[0] ?? '', /The play has no "hosts"/)
    assert.match(problemsOf('- hosts: [\n')[0] ?? '', /Not valid YAML/)
    assert.match(problemsOf('- hosts: all\n  hosts: web\n')[0] ?? '', /unique/)
    assert.match(
      problemsOf('- hosts: all\n  serial: some\n  order: sortd\n').join(),
      /"serial" must be.*Did you mean "sorted"/,
    )
    const { problems } = readPlaybook(join(folder, 'missing.yml'), modulesByName)
    assert.match(problems[0]?.message ?? '', /Cannot read ".*missing.yml"/)
  })
})

describe('loadTaskFile and loadVarsFile', () => {
  it('read a file of tasks and one of variables', () => {
    write({ 'tasks.yml': '- debug: msg=x\n', 'vars.yml': 'a: 1\nb: [x]\n' })
    assert.equal(loadTaskFile(join(folder, 'tasks.yml'), modulesByName).length, 1)
    const problems: Problem[] = []
    assert.deepEqual(loadVarsFile('vars.yml', folder, problems), { a: 1, b: ['x'] })
    assert.deepEqual(problems, [])
  })

  it('report what they cannot read', () => {
    const problems: Problem[] = []
    loadVarsFile('none.yml', folder, problems)
    assert.match(problems[0]?.message ?? '', /Cannot read/)
    write({ 'list.yml': '- a\n' })
    loadVarsFile('list.yml', folder, problems)
    assert.match(problems[1]?.message ?? '', /must be a mapping/)
    assert.throws(() => loadTaskFile(join(folder, 'none.yml'), modulesByName), InputError)
  })
})
