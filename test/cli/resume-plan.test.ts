import assert from 'node:assert/strict'
import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { CommandBench, jsonLines, type CommandResult } from '../support/cli.ts'

const vault = ['--vault-password-file', 'vault-password'] as const
const dying = resolve(import.meta.dirname, '../support/die-at-record.ts')

class AppliedBench extends CommandBench {
  constructor(tasks: string, more = '') {
    super()
    this.file('vault-password', 'right')
    this.file('hosts.ini', 'h1 ansible_connection=local\nh2 ansible_connection=local\n')
    const play = `- name: P\n  hosts: all\n  gather_facts: false\n${more}  tasks:\n${tasks}`
    this.file('play.yml', play.replaceAll('FOLDER', this.folder))
  }

  /** Plans, and applies until a crash at that record of the journal. */
  async cutOff(die: string, ...more: readonly string[]): Promise<void> {
    const planned = await this.run(['run', 'play.yml', '-i', 'hosts.ini', ...vault, '--plan-out', 'plan.json', ...more])
    assert.equal(planned.code, 0, planned.stdout + planned.stderr)
    const env = { NODE_OPTIONS: `--import=${dying}`, ELKSEAL_DIE: die }
    await this.process(['apply', 'plan.json', ...vault], env)
    const records = jsonLines(this.text(`.elkseal/runs/${this.runs()[0] ?? ''}/journal.jsonl`))
    assert.notEqual(records.at(-1)?.['record'], 'end')
  }

  resume(...more: readonly string[]): Promise<CommandResult> {
    return this.run(['resume', '-i', 'hosts.ini', ...vault, ...more])
  }

  path(name: string): string {
    return join(this.folder, name)
  }

  text(name: string): string {
    return readFileSync(this.path(name), 'utf8')
  }

  runs(): readonly string[] {
    return readdirSync(this.path('.elkseal/runs'))
  }
}

const changed = ({ stdout }: CommandResult) =>
  jsonLines(stdout).flatMap(({ status, host, task }) =>
    status === 'changed' ? [`${String(host)} ${String(task)}`] : [],
  )

describe('elkseal resume of a run that applied a plan', () => {
  let bench: AppliedBench
  afterEach(() => bench.remove())

  const oneByOne = `    - {name: One, copy: {content: new, dest: "FOLDER/{{ inventory_hostname }}.one"}}
    - {name: Two, lineinfile: {path: "FOLDER/{{ inventory_hostname }}.two", line: new}}
`
  const hostByHost = (): AppliedBench => {
    const made = new AppliedBench(oneByOne, '  serial: 1\n')
    for (const host of ['h1', 'h2']) made.file(`${host}.two`, 'old\n')
    return made
  }
  const written = () =>
    ['h1.one', 'h1.two', 'h2.one', 'h2.two'].map((name) =>
      existsSync(bench.path(name)) ? bench.text(name) : undefined,
    )
  const afterOne = ['new', 'old\n', undefined, 'old\n']
  /** Behind the first change of h1. */
  const behindOne = 'behind 5'

  const refused = async (says: RegExp, ...more: readonly string[]): Promise<void> => {
    const before = written()
    const { code, stdout, stderr } = await bench.resume(...more)
    assert.equal(code, 3, stdout + stderr)
    assert.match(stderr, says)
    assert.match(
      stdout,
      /Run \S+ does not go on by the plan "\S+plan\.json", and nothing was changed: .* Make a new plan/,
    )
    assert.deepEqual(written(), before)
  }

  it('does what the plan has left, whatever became of the plan file', async () => {
    bench = hostByHost()
    await bench.cutOff(behindOne)
    assert.deepEqual(written(), afterOne)
    rmSync(bench.path('plan.json'))
    const still = await bench.resume('--check')
    assert.deepEqual([still.code, written()], [0, afterOne])
    assert.match(still.stdout, /What is left to do is in the plan/)
    const done = await bench.resume('--output', 'json')
    assert.deepEqual([done.code, changed(done)], [0, ['h1 Two', 'h2 One', 'h2 Two']], done.stdout)
    assert.deepEqual(written(), ['new', 'old\nnew\n', 'new', 'old\nnew\n'])
    assert.equal(bench.runs().length, 1)
    assert.match((await bench.resume()).stderr, /No run that did not complete/)
  })

  it('refuses what the plan would now do otherwise on a host that it has changed', async () => {
    bench = hostByHost()
    await bench.cutOff(behindOne)
    bench.file('h1.two', 'by hand\n')
    await refused(/error: h1: task "Two" would do it otherwise than in the plan: \S+h1\.two: content changed\n/)
  })

  it('refuses when something else moved on a host that it has not changed', async () => {
    bench = hostByHost()
    await bench.cutOff(behindOne)
    bench.file('h2.two', 'by hand\n')
    await refused(/error: h2: \S+h2\.two has another content than in the plan\n/)
    bench.file('h2.two', 'old\n')
    assert.equal((await bench.resume()).code, 0)
  })

  it('refuses another playbook and other variables, also with --allow-changed-playbook', async () => {
    bench = hostByHost()
    await bench.cutOff(behindOne)
    const playbook = bench.text('play.yml')
    appendFileSync(bench.path('play.yml'), '# changed\n')
    await refused(/error: "\S+play\.yml" was changed\n/, '--allow-changed-playbook')
    writeFileSync(bench.path('play.yml'), playbook)
    bench.file('group_vars/all.yml', 'more: 1\n')
    await refused(/error: h1: has other values of "more" in the inventory\n/)
  })

  it('makes no change that comes up after the comparison', async () => {
    bench = hostByHost()
    await bench.cutOff(behindOne)
    const edit = (text: string) => {
      if (text.includes('PLAY [')) bench.file('h1.two', 'by hand\n')
    }
    const { code, stdout } = await bench.run(['resume', '-i', 'hosts.ini', ...vault], { onOutput: edit })
    assert.equal(code, 2, stdout)
    assert.match(stdout, /Not in the plan like this, so not done: \S+h1\.two/)
    assert.deepEqual(written(), ['new', 'by hand\n', undefined, 'old\n'])
  })

  it('is told how to go on when it is interrupted or fails', async () => {
    bench = hostByHost()
    await bench.cutOff(behindOne)
    const { code, stdout } = await bench.run(['resume', '-i', 'hosts.ini', ...vault], {
      onOutput: (text, interrupt) => (text.includes('PLAY [') ? interrupt() : undefined),
    })
    assert.equal(code, 99, stdout)
    assert.match(stdout, /To go on with what the plan has left: elkseal resume \S+ -i hosts\.ini\. To undo/)
    assert.equal((await bench.resume()).code, 0)
    assert.deepEqual(written(), ['new', 'old\nnew\n', 'new', 'old\nnew\n'])
  })

  it('keeps the limit and the tags of the plan', async () => {
    bench = new AppliedBench(oneByOne.replace('name: Two,', 'name: Two, tags: [x],'))
    for (const host of ['h1', 'h2']) bench.file(`${host}.two`, 'old\n')
    await bench.cutOff('behind 3', '-l', 'h2', '--tags', 'x')
    const done = await bench.resume('--output', 'json')
    assert.deepEqual([done.code, changed(done)], [0, ['h2 Two']], done.stdout)
  })

  it('takes no plan but the one that was applied', async () => {
    bench = hostByHost()
    await bench.cutOff(behindOne)
    const kept = `.elkseal/runs/${bench.runs()[0] ?? ''}/plan.json`
    const whole = bench.text(kept)
    const fails = async (says: RegExp) => {
      const { code, stderr } = await bench.resume()
      assert.equal(code, 1)
      assert.match(stderr, says)
      assert.deepEqual(written(), afterOne)
    }
    writeFileSync(bench.path(kept), whole.replace('content changed', 'content Changed'))
    await fails(/The plan "\S+plan\.json" was changed after it was made/)
    rmSync(bench.path(kept))
    await fails(/The plan that run "\S+" is held to cannot be read: .*\n.*Make a new plan/)
    writeFileSync(bench.path(kept), whole)
    bench.file('vault-password', 'wrong')
    await fails(/No known vault password opens "\S+plan\.json"/)
  })

  it('lets what the plan calls undetermined do what it decides now', async () => {
    bench = new AppliedBench(`    - {name: One, shell: "echo made > FOLDER/by-shell", args: {creates: FOLDER/by-shell}}
    - {name: Two, lineinfile: {path: FOLDER/by-shell, line: more}}
`)
    bench.file('hosts.ini', 'h1 ansible_connection=local\n')
    await bench.cutOff('behind 5')
    assert.equal(bench.text('by-shell'), 'made\n')
    const { code, stdout, stderr } = await bench.resume()
    assert.equal(code, 0, stdout + stderr)
    assert.equal(bench.text('by-shell'), 'made\nmore\n')
  })

  describe('that makes keys, certificates and passwords goes on with those that it had made', () => {
    const keys = `    - {stored_password: {path: FOLDER/pki/pw}, register: made, run_once: true}
    - {certificate_authority: {dir: FOLDER/pki}, register: ca, run_once: true}
    - certificate: {dir: FOLDER/pki, node: "{{ inventory_hostname }}", p12_password: "{{ made.value }}"}
      register: leaf
    - {copy: {src: "{{ leaf.p12 }}", dest: "FOLDER/{{ inventory_hostname }}.p12", mode: '0600'}}
    - {copy: {src: "{{ ca.ca_pem }}", dest: "FOLDER/{{ inventory_hostname }}.ca"}}
    - {copy: {content: "password: {{ made.value }}", dest: "FOLDER/{{ inventory_hostname }}.yml"}}
    - {lineinfile: {path: "FOLDER/{{ inventory_hostname }}.yml", line: "{{ item }}"}, loop: [a, b]}
`
    const stored = ['pki/pw', 'pki/ca/http-ca.key', 'pki/ca/http-ca.crt', 'pki/h1/http.p12', 'pki/h1/http.crt']

    // The folder of the CA alone; a folder of a node; all of the store and a node's file; nearly all.
    for (const records of [8, 14, 26, 38]) {
      it(`when it was killed before the record behind ${String(records)}`, async () => {
        bench = new AppliedBench(keys)
        await bench.cutOff(`before the next ${String(records)}`)
        const there = () => stored.map((name) => (existsSync(bench.path(name)) ? bench.text(name) : undefined))
        const before = there()
        const { code, stdout, stderr } = await bench.resume()
        assert.equal(code, 0, stdout + stderr)
        const after = there()
        assert.deepEqual(
          after.filter((_, index) => before[index] !== undefined),
          before.filter((text) => text !== undefined),
        )
        assert.equal(bench.text('h2.ca'), bench.text('pki/ca/http-ca.crt'))
        assert.match(bench.text('h2.yml'), /^password: \w{32}\na\nb\n$/)
        assert.equal(bench.text('h1.yml'), bench.text('h2.yml'))
        assert.ok(existsSync(bench.path('h1.p12')) && existsSync(bench.path('h2.p12')))
      })
    }
  })
})
