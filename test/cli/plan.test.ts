import assert from 'node:assert/strict'
import { chmodSync, existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CommandBench, jsonLines, type CommandResult } from '../support/cli.ts'
import { startSshHost } from '../support/ssh-host.ts'

const vault = ['--vault-password-file', 'vault-password'] as const

class PlanBench extends CommandBench {
  constructor(playbook: string) {
    super()
    this.file('vault-password', 'right')
    this.file('hosts.ini', 'h1 ansible_connection=local\nh2 ansible_connection=local\n')
    this.file('play.yml', playbook.replaceAll('FOLDER', this.folder))
  }

  path(name: string): string {
    return join(this.folder, name)
  }

  plan(...more: readonly string[]): Promise<CommandResult> {
    return this.run(['run', 'play.yml', '-i', 'hosts.ini', ...vault, '--plan-out', 'plan.json', ...more])
  }

  apply(...more: readonly string[]): Promise<CommandResult> {
    return this.run(['apply', 'plan.json', ...vault, ...more])
  }

  text(name: string): string {
    return readFileSync(this.path(name), 'utf8')
  }
}

const tasks = (text: string, more = '') => `- name: P\n  hosts: all\n  gather_facts: false\n${more}  tasks:\n${text}`

describe('elkseal run --plan-out', () => {
  let bench: PlanBench
  afterEach(() => bench.remove())

  it('writes what the check lists, for its owner only, and changes nothing', async () => {
    bench = new PlanBench(
      tasks(`    - {name: T, copy: {content: x, dest: "FOLDER/{{ inventory_hostname }}", mode: '0640'}}
    - {name: C, command: touch FOLDER/touched}
    - {name: H, copy: {content: x, dest: FOLDER/hidden}, no_log: true, when: inventory_hostname == 'h1'}
`),
    )
    const { code, stdout, stderr } = await bench.plan('--output', 'json')
    assert.deepEqual([code, stderr], [0, ''])
    const message = jsonLines(stdout).at(-1)?.['message']
    assert.equal(
      message,
      'The plan "plan.json" has 3 changes on 2 hosts, and 2 steps whose outcome only the run can show; to make them: elkseal apply plan.json',
    )
    assert.equal(statSync(bench.path('plan.json')).mode & 0o777, 0o600)
    assert.deepEqual([existsSync(bench.path('h1')), existsSync(bench.path('.elkseal'))], [false, false])
    const plan = JSON.parse(bench.text('plan.json')) as { steps: readonly Record<string, unknown>[] }
    const shown = plan.steps.map(({ host, task, at, status, summary, effects }) => [
      host,
      task,
      at,
      status,
      summary,
      effects,
    ])
    const of = (host: string) => {
      const path = bench.path(host)
      return [[host, 'T', 'play.yml:5:7', 'change', `${path}: new file, mode 0640`, [`write ${path} (0640)`]]]
    }
    const command = (host: string) => {
      return [host, 'C', 'play.yml:6:7', 'undetermined', `runs touch ${bench.path('touched')}`, ['run a command']]
    }
    const hidden = ['h1', 'H', 'play.yml:7:7', 'change', 'hidden by no_log', ['hidden by no_log']]
    assert.deepEqual(shown, [...of('h1'), ...of('h2'), command('h1'), command('h2'), hidden])
  })

  it('is the same again, but for its time and what depends on its key', async () => {
    bench = new PlanBench(
      tasks(`    - {name: A, copy: {content: x, dest: "FOLDER/{{ inventory_hostname }}"}}
    - {name: B, lineinfile: {path: "FOLDER/{{ inventory_hostname }}", line: more}}
    - {name: C, file: {path: FOLDER/folder, state: directory}, run_once: true}
    - {name: D, copy: {content: x, dest: "FOLDER/folder/{{ item }}"}, loop: [a, b]}
`),
    )
    const written: string[] = []
    for (let turn = 0; turn < 3; turn += 1) {
      assert.equal((await bench.plan()).code, 0)
      const { plays, steps, seen } = JSON.parse(bench.text('plan.json')) as Record<string, unknown>
      written.push(JSON.stringify([plays, steps, seen]).replace(/"digest":"[^"]+"/g, ''))
    }
    assert.ok(written[0]?.includes('folder/b'))
    assert.deepEqual([written[1], written[2]], [written[0], written[0]])
  })

  it('writes none when the check fails', async () => {
    bench = new PlanBench(tasks('    - {name: T, fail: {msg: no}}\n'))
    const { code, stdout } = await bench.plan()
    assert.equal(code, 2)
    assert.match(stdout, /No plan was written, since the check did not go through/)
    assert.equal(existsSync(bench.path('plan.json')), false)
  })

  it('refuses what it makes no sense with', async () => {
    bench = new PlanBench(tasks('    - {name: T, ping: }\n'))
    for (const word of ['--list-hosts', '--list-tasks', '--list-tags', '--syntax-check']) {
      const { code, stderr } = await bench.plan(word)
      assert.equal(code, 1)
      assert.match(stderr, /--plan-out needs a check run, and this only prints/)
    }
    const two = await bench.run(['run', 'play.yml', 'play.yml', '-i', 'hosts.ini', '--plan-out', 'plan.json'])
    assert.equal(two.code, 1)
    assert.match(two.stderr, /A plan is of one playbook.*\n.*import_playbook/)
    const nowhere = await bench.run(['run', 'play.yml', '-i', 'hosts.ini', ...vault, '--plan-out', 'no/plan.json'])
    assert.equal(nowhere.code, 1)
    assert.match(nowhere.stderr, /Cannot write the plan ".*no\/plan\.json": there is no such file or folder/)
  })

  it('holds no secret, in no form, and nothing that is written', async () => {
    bench = new PlanBench(
      tasks(`    - {name: "named {{ secret }}", copy: {content: "{{ secret }} Pl4in-content", dest: FOLDER/a}}
    - {copy: {content: x, dest: "FOLDER/{{ secret }}"}}
    - {copy: {content: "{{ item }}", dest: FOLDER/b}, loop: ["{{ secret }}"]}
    - {command: "echo {{ secret }}"}
    - {lineinfile: {path: FOLDER/there, line: "{{ given }}"}}
    - {stored_password: {path: FOLDER/pki/pw, value: "{{ secret }}"}}
    - {wait_for: {path: "/{{ secret }}", timeout: 1}}
`),
    )
    const [secret, given] = ['Pl4nted "in" vars', 'Pl4nted-by-extra']
    bench.file('group_vars/all.yml', `secret: '${secret}'\nansible_become_password: ${secret}2\n`)
    bench.file('there', 'Pl4in-before\n')
    const { code, stdout, stderr } = await bench.plan('-e', `given=${given}`)
    assert.equal(code, 0, stdout + stderr)
    const text = bench.text('plan.json')
    const base64 = (value: string) => Buffer.from(value).toString('base64').replace(/=+$/, '')
    const forms = ['Pl4nted', 'Pl4in', 'right', base64(secret), base64(given), encodeURIComponent(secret)]
    for (const form of forms) assert.ok(!text.includes(form), `${form} in\n${text}`)
    assert.match(text, /"extraVars": \{\n {6}"given": "/)
    assert.match(text, /\*{8}/)
  })
})

describe('elkseal apply', () => {
  let bench: PlanBench
  afterEach(() => bench.remove())

  const keys = tasks(`    - {stored_password: {path: FOLDER/pki/pw}, register: made, run_once: true}
    - {certificate_authority: {dir: FOLDER/pki}, register: ca, run_once: true}
    - certificate: {dir: FOLDER/pki, node: "{{ inventory_hostname }}", p12_password: "{{ made.value }}"}
      register: leaf
    - {copy: {src: "{{ leaf.p12 }}", dest: "FOLDER/{{ inventory_hostname }}.p12", mode: '0600'}}
    - {copy: {src: "{{ ca.ca_pem }}", dest: "FOLDER/{{ inventory_hostname }}.ca"}}
    - {copy: {content: "password: {{ made.value }}", dest: "FOLDER/{{ inventory_hostname }}.yml"}}
    - {lineinfile: {path: "FOLDER/{{ inventory_hostname }}.yml", line: "{{ item }}"}, loop: [a, b]}
`)

  it('does what the plan says, with keys, certificates and passwords that only the run makes', async () => {
    bench = new PlanBench(keys)
    assert.equal((await bench.plan()).code, 0)
    const still = await bench.apply('--check')
    assert.deepEqual([still.code, still.stderr], [0, ''])
    assert.match(still.stdout, /Nothing has moved: the plan still holds/)
    const { code, stdout, stderr } = await bench.apply('--output', 'json')
    assert.deepEqual([code, stderr], [0, ''], stdout)
    const changed = jsonLines(stdout).filter((line) => line['status'] === 'changed')
    assert.equal(changed.length, 14)
    assert.match(bench.text('h2.yml'), /^password: \w{32}\na\nb\n$/)
    assert.ok(existsSync(bench.path('.elkseal/runs')))
    const again = await bench.apply()
    assert.equal(again.code, 3)
    assert.match(
      again.stderr,
      /error: h1: \S+h1\.p12 is a file, root:root 0600; in the plan it was absent|h1\.p12 is a file/,
    )
  })

  it('stops before a change that the plan does not have, and lets the others be', async () => {
    bench = new PlanBench(
      tasks(
        `    - {name: One, copy: {content: new, dest: "FOLDER/{{ inventory_hostname }}"}}
    - {name: Two, lineinfile: {path: FOLDER/list, line: new}}
`,
        '  serial: 1\n',
      ),
    )
    bench.file('list', 'old\n')
    assert.equal((await bench.plan()).code, 0)
    const argv = ['apply', 'plan.json', ...vault]
    // The comparison is over, and the run has not looked yet.
    const edit = (text: string) => {
      if (text.includes('PLAY [')) bench.file('list', 'other\n')
    }
    const { code, stdout } = await bench.run(argv, { onOutput: edit })
    assert.equal(code, 2, stdout)
    assert.match(stdout, /fatal: \[h1\]: FAILED! => Not in the plan like this, so not done: \S+list: content changed/)
    assert.deepEqual([bench.text('h1'), bench.text('list'), existsSync(bench.path('h2'))], ['new', 'other\n', false])
    assert.match(
      stdout,
      /To go on with what the plan has left: elkseal resume .*\. To undo what was done: elkseal rollback /,
    )
  })

  it('lets what the plan calls undetermined do what it decides, and a rescue what it is there for', async () => {
    bench = new PlanBench(
      tasks(`    - {name: One, shell: echo made > FOLDER/by-shell}
    - {name: Two, lineinfile: {path: FOLDER/by-shell, line: more}}
    - name: Block
      block: [{name: Three, command: "false"}]
      rescue: [{include_tasks: rescue.yml}]
`),
    )
    bench.file('rescue.yml', `- {name: Four, copy: {content: rescued, dest: ${bench.folder}/rescued}}\n`)
    bench.file('hosts.ini', 'h1 ansible_connection=local\n')
    assert.equal((await bench.plan()).code, 0)
    const { code, stdout } = await bench.apply()
    assert.equal(code, 0, stdout)
    assert.deepEqual([bench.text('by-shell'), bench.text('rescued')], ['made\nmore\n', 'rescued'])
  })

  it('makes the password of a plan when none is given, as a run does, and finds it again', async () => {
    bench = new PlanBench(tasks('    - {copy: {content: x, dest: "FOLDER/{{ inventory_hostname }}"}}\n'))
    const made = await bench.run(['run', 'play.yml', '-i', 'hosts.ini', '--plan-out', 'plan.json'])
    assert.equal(made.code, 0)
    assert.match(made.stderr, /No vault password was given, so one was made in .*vault-password/)
    assert.equal((await bench.run(['apply', 'plan.json'])).code, 0)
    assert.equal(bench.text('h1'), 'x')
  })

  it('refuses a plan that was edited, is of another version or sealed with another password, or is none', async () => {
    bench = new PlanBench(tasks('    - {copy: {content: x, dest: "FOLDER/{{ inventory_hostname }}"}}\n'))
    assert.equal((await bench.plan()).code, 0)
    const good = bench.text('plan.json')
    const rows: readonly (readonly [string, RegExp])[] = [
      [
        good.replace('h1: new file', 'h1: old file').replace('"h2"', '"h1"'),
        /"plan\.json" was changed after it was made/,
      ],
      [good.replace(/"elkseal": ".*"/, '"elkseal": "0.0.9"'), /was made by elkseal 0\.0\.9, and this is \d+\.\d+\.\d+/],
      ['steps: []\n', /"plan\.json" is no plan of elkseal/],
    ]
    for (const [text, said] of rows) {
      writeFileSync(bench.path('plan.json'), text)
      const { code, stderr } = await bench.apply()
      assert.deepEqual([code, said.test(stderr)], [1, true], stderr)
    }
    writeFileSync(bench.path('plan.json'), good)
    bench.file('vault-password', 'wrong')
    const { code, stderr } = await bench.apply()
    assert.equal(code, 1)
    assert.match(stderr, /No known vault password opens "plan\.json"/)
    assert.equal(existsSync(bench.path('h1')), false)
    assert.match(
      (await bench.run(['apply', 'none.json'])).stderr,
      /Cannot read the plan ".*none\.json": there is no such/,
    )
  })

  it('ends with 4 when a host cannot be reached any more, and changes nothing on the others', async () => {
    bench = new PlanBench(tasks('    - {copy: {content: x, dest: "FOLDER/{{ inventory_hostname }}"}}\n'))
    const ssh = await startSshHost({ home: bench.folder, users: { ops: { password: 'login' } } })
    bench.file('known_hosts', ssh.hostKeyLine)
    bench.file('hosts.ini', `h1 ansible_connection=local\n${sshLine('s1', ssh.port, bench.path('known_hosts'))}\n`)
    const made = await bench.plan()
    assert.equal(made.code, 0, made.stdout + made.stderr)
    ssh.faults.refuseLogins = true
    const { code, stdout, stderr } = await bench.apply()
    await ssh.close()
    assert.equal(code, 4, stdout)
    assert.match(stderr, /error: \[s1\] .*\n/)
    assert.match(stdout, /The plan "plan\.json" was not applied: nothing was changed/)
    assert.equal(existsSync(bench.path('h1')), false)
  })

  it('logs in to a host once, for the comparison and the run together', async () => {
    bench = new PlanBench(tasks('    - {copy: {content: x, dest: "FOLDER/{{ inventory_hostname }}"}}\n'))
    const ssh = await startSshHost({ home: bench.folder, users: { ops: { password: 'login' } } })
    bench.file('known_hosts', ssh.hostKeyLine)
    bench.file('hosts.ini', `${sshLine('s1', ssh.port, bench.path('known_hosts'))}\n`)
    assert.equal((await bench.plan()).code, 0)
    const logins = () => ssh.log.filter((line) => line === 'login ops password ok').length
    assert.equal(logins(), 1)
    const { code, stdout } = await bench.apply()
    assert.deepEqual([code, logins(), bench.text('s1')], [0, 2, 'x'], stdout)
    await ssh.close()
  })
})

function sshLine(name: string, port: number, knownHosts: string): string {
  const login = `ansible_host=127.0.0.1 ansible_port=${String(port)} ansible_user=ops ansible_password=login`
  return `${name} ${login} ansible_ssh_common_args='-o UserKnownHostsFile=${knownHosts}' elkseal_lock=false`
}

describe('elkseal apply refuses, and names it, when', () => {
  let bench: PlanBench
  const watched = ['plan.json', 'managed', 'other', 'h1.out', 'h2.out']

  before(async () => {
    bench = new PlanBench(`- name: P
  hosts: all
  gather_facts: false
  vars_files: [vars.yml]
  tasks:
    - {name: Edit, lineinfile: {path: FOLDER/managed, line: "{{ word }}"}, run_once: true}
    - {name: Kept, copy: {src: FOLDER/source, dest: FOLDER/other, mode: '0644'}, run_once: true}
    - {name: Made, template: {src: FOLDER/out.j2, dest: "FOLDER/{{ inventory_hostname }}.out"}}
    - {name: Seen, stat: {path: FOLDER/stated}, register: seen, run_once: true}
    - include_tasks: tasks/more.yml
    - import_tasks: tasks/imported.yml
    - include_tasks: "tasks/{{ which }}.yml"
`)
    bench.file('vars.yml', 'word: new\n')
    bench.file('managed', 'old\nlines\n')
    bench.file('source', 'same\n')
    bench.file('other', 'same\n')
    bench.file('stated', '')
    bench.file('out.j2', 'made for {{ purpose }} {{ given }}\n')
    bench.file('group_vars/all.yml', 'purpose: tests\nwhich: late\nunused: 1\n')
    for (const name of ['more', 'imported', 'late']) bench.file(`tasks/${name}.yml`, `- {name: ${name}, ping: }\n`)
    const { code, stdout, stderr } = await bench.plan('-e', 'given=1')
    assert.equal(code, 0, stdout + stderr)
  })
  after(() => bench.remove())

  const rows: readonly (readonly [string, string | undefined, RegExp, (readonly string[])?])[] = [
    ['a byte of a file that would be edited', 'managed', /h1: \S+\/managed has another content than in the plan/],
    ['a byte of a file that would be kept', 'other', /h1: \S+\/other has another content than in the plan/],
    [
      'a byte of a source',
      'source',
      /h1: task "Kept" would do what the plan does not have: \S+\/other: content changed/,
    ],
    ['a byte of a template', 'out.j2', /h2: task "Made" would do it otherwise than in the plan: \S+: new file/],
    ['a byte of the playbook', 'play.yml', /error: "\S+\/play\.yml" was changed/],
    ['a byte of an imported file', 'tasks/imported.yml', /error: "\S+\/tasks\/imported\.yml" was changed/],
    ['a byte of an included file', 'tasks/more.yml', /error: "\S+\/tasks\/more\.yml" was changed/],
    ['a byte of a file that a template includes', 'tasks/late.yml', /error: "\S+\/tasks\/late\.yml" was changed/],
    ['a byte of vars_files', 'vars.yml', /error: "\S+\/vars\.yml" was changed/],
    ['a variable with -e is another', undefined, /The variable "given" had another value with -e/, ['-e', 'given=2']],
    ['a variable with -e is missing', undefined, /The variable "given" was given with -e, and is not now/, []],
    ['another variable comes with -e', undefined, /"more" was not given with -e/, ['-e', 'given=1', '-e', 'more=1']],
  ]
  for (const [what, file, said, extra = ['-e', 'given=1']] of rows) {
    it(file === undefined ? what : `${what} has changed`, async () => {
      const before = file === undefined ? '' : bench.text(file)
      if (file !== undefined) bench.file(file, `${before}# more\n`)
      await refused(said, extra)
      if (file !== undefined) bench.file(file, before)
    })
  }

  it('a variable of the inventory has changed, used or not', async () => {
    const before = bench.text('group_vars/all.yml')
    bench.file('group_vars/all.yml', before.replace('unused: 1', 'unused: 2'))
    await refused(/error: h1: has other values of "unused" in the inventory\nerror: h2: has other/)
    bench.file('group_vars/all.yml', before)
  })

  it('a host has come', async () => {
    const before = bench.text('hosts.ini')
    bench.file('hosts.ini', `${before}h3 ansible_connection=local\n`)
    await refused(/error: h3: is new in the inventory/)
    bench.file('hosts.ini', before)
  })

  it('the mode of a file has changed', async () => {
    chmodSync(bench.path('managed'), 0o600)
    await refused(/h1: \S+managed is a file, \S+ 0600; in the plan it was a file, \S+ 0644/)
    chmodSync(bench.path('managed'), 0o644)
  })

  it('a file is gone, or another thing', async () => {
    renameSync(bench.path('other'), bench.path('away'))
    await refused(/h1: \S+other is absent; in the plan it was a file, \S+ 0644/)
    renameSync(bench.path('away'), bench.path('other'))
    rmSync(bench.path('stated'))
    await refused(/h1: \S+stated is absent; in the plan it was/)
    bench.file('stated', '')
  })

  it('nothing of all this, it does not refuse', async () => {
    const { code, stdout, stderr } = await bench.apply('-e', 'given=1')
    assert.equal(code, 0, stdout + stderr)
    assert.equal(bench.text('h2.out'), 'made for tests 1\n')
  })

  async function refused(said: RegExp, extra: readonly string[] = ['-e', 'given=1']): Promise<void> {
    const states = () => watched.map((name) => (existsSync(bench.path(name)) ? bench.text(name) : undefined))
    const before = states()
    const { code, stdout, stderr } = await bench.apply(...extra)
    assert.deepEqual([code, said.test(stderr)], [3, true], stdout + stderr)
    assert.match(stdout, /was not applied, and nothing was changed/)
    assert.deepEqual(states(), before)
    assert.equal(existsSync(bench.path('.elkseal')), false)
  }
})
