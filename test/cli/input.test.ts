import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { openVault } from '../../src/secrets/ansible-vault.ts'
import { Secret } from '../../src/secrets/secret.ts'
import { passwordFromText } from '../../src/secrets/vault-password.ts'
import { CommandBench, jsonLines } from '../support/cli.ts'

describe('wrong input of a run', () => {
  let bench: CommandBench
  beforeEach(() => {
    bench = new CommandBench()
    bench.file('hosts.ini', '[web]\nh1 ansible_connection=local\n')
  })
  afterEach(() => bench.remove())

  const run = (...more: readonly string[]) => bench.run(['run', 'play.yml', '-i', 'hosts.ini', ...more])
  const sealed = (text: string) =>
    openVault([passwordFromText('default', new Secret('right'))]).encrypt(new Secret(text))

  const wrongPlaybook = `- hosts: web
  gather_fact: false
  tasks:
    - name: touch
      file: {path: FOLDER/touched, state: touch}
    - coppy: {src: a, dest: b}
    - copy: {sorce: a, dest: b}
    - debug: {msg: "{{ open"}
      whn: true
      notify: nobody
- hosts: wbe
  roles: [x]
`
  const expected = [
    [2, 3, 'gather_fact', 'Did you mean "gather_facts"?'],
    [6, 7, 'coppy', 'Did you mean "copy"?'],
    [7, 14, 'sorce', undefined],
    [8, 20, 'template', undefined],
    [9, 7, 'whn', 'Did you mean "when"?'],
    [12, 3, 'roles', undefined],
    [8, 7, 'nobody', undefined],
    [11, 3, 'wbe', 'Did you mean "web"?'],
  ] as const

  it('is told all at once with file, line, column and the word that was meant, before anything is touched', async () => {
    const file = bench.file('play.yml', wrongPlaybook.replaceAll('FOLDER', bench.folder))
    const { code, stdout, stderr } = await run()
    assert.deepEqual([code, stdout], [1, ''])
    for (const [line, column, word, hint] of expected) {
      const at = stderr.indexOf(`${file}:${String(line)}:${String(column)}: error: `)
      assert.ok(at >= 0, `${String(line)}:${String(column)} in\n${stderr}`)
      assert.ok(stderr.slice(at).split('\n')[0]?.includes(word), word)
      if (hint !== undefined) assert.ok(stderr.includes(`  ${hint}`), hint)
    }
    assert.equal(stderr.split('error: ').length - 1, expected.length)
    assert.ok(!existsSync(join(bench.folder, 'touched')))
    assert.ok(!existsSync(join(bench.folder, '.elkseal')))
  })

  it('is one object a line for programs', async () => {
    const file = bench.file('play.yml', wrongPlaybook.replaceAll('FOLDER', bench.folder))
    const { code, stdout, stderr } = await run('--output', 'json')
    assert.deepEqual([code, stderr], [1, ''])
    const lines = jsonLines(stdout)
    assert.equal(lines.length, expected.length)
    for (const line of lines) assert.equal(line['event'], 'problem')
    assert.deepEqual(
      lines.map((line) => [line['line'], line['column']]).sort(),
      expected.map(([line, column]) => [line, column]).sort(),
    )
    assert.equal(lines[0]?.['file'], file)
  })

  it('is told for all playbooks together', async () => {
    bench.file('play.yml', '- hosts: web\n  tsks: []\n')
    bench.file('other.yml', '- hosts: web\n  tasks: [{pign: }]\n')
    const { code, stderr } = await bench.run(['run', 'play.yml', 'other.yml', '-i', 'hosts.ini'])
    assert.equal(code, 1)
    assert.match(stderr, /tsks[\s\S]*pign/)
  })

  it('names the place in YAML that cannot be read, of the playbook, the inventory and variables', async () => {
    const play = '- hosts: web\n  gather_facts: false\n  tasks: [{ping: }]\n'
    const broken = 'a: 1\nb: [1\n'
    for (const [path, text] of [
      ['play.yml', '- hosts: web\n  tasks:\n   - {ping: \n'],
      ['hosts.yml', 'all:\n  hosts:\n    h1: {\n'],
      ['group_vars/web.yml', broken],
      ['host_vars/h1.yml', broken],
    ] as const) {
      bench.file('play.yml', play)
      const file = bench.file(path, text)
      const source = path === 'hosts.yml' ? 'hosts.yml' : 'hosts.ini'
      const { code, stderr } = await bench.run(['run', 'play.yml', '-i', source])
      assert.equal(code, 1, path)
      assert.match(stderr, new RegExp(`${file}:\\d+:\\d+: error: `), path)
      bench.file(path, '')
    }
  })

  it('shows no line of a file that may hold a password', async () => {
    bench.file('play.yml', '- hosts: web\n  tasks: []\n')
    bench.file('group_vars/web.yml', 'elastic_password: Pl4nted: x\n')
    const { code, stdout, stderr } = await run()
    assert.equal(code, 1)
    assert.doesNotMatch(stdout + stderr, /Pl4nted/)
  })

  it('is told of an undefined variable on its host and task, with the name that was meant', async () => {
    bench.file('group_vars/web.yml', 'http_port: 9200\n')
    bench.file(
      'play.yml',
      '- hosts: web\n  gather_facts: false\n  tasks: [{name: show, debug: {msg: "{{ htp_port }}"}}]\n',
    )
    const { code, stdout } = await run()
    assert.equal(code, 2)
    assert.match(stdout, /TASK \[show\][\s\S]*fatal: \[h1\]: FAILED! => "htp_port" is undefined/)
  })

  describe('about the vault', () => {
    beforeEach(() => {
      const value = sealed('Pl4nted')
        .trimEnd()
        .split('\n')
        .map((line) => `  ${line}`)
        .join('\n')
      bench.file('group_vars/web.yml', `pw: !vault |\n${value}\n`)
      bench.file(
        'play.yml',
        '- hosts: web\n  gather_facts: false\n  tasks: [{name: show, debug: {msg: "pw {{ pw }}"}}]\n',
      )
      bench.file('right', 'right\n')
      bench.file('wrong', 'n0t-it\n')
    })

    it('is told with the name of the value and the passwords that were tried', async () => {
      const { code, stdout, stderr } = await run('--vault-password-file', 'wrong')
      assert.deepEqual([code, stdout], [1, ''])
      assert.match(stderr, /No known vault password opens .*pw.*web\.yml:1:\d+.*\n {2}Tried: ".*wrong"/)
    })

    it('is told with what to give when no password is known', async () => {
      const { code, stdout } = await run()
      assert.equal(code, 2)
      assert.match(stdout, /encrypted and no vault password is known\n {4}next: Give one with --vault-password-file/)
    })

    it('stops before any host when a whole file does not open', async () => {
      bench.file('host_vars/h1.yml', sealed('a: 1\n'))
      const { code, stdout, stderr } = await run('--vault-password-file', 'wrong')
      assert.deepEqual([code, stdout], [1, ''])
      assert.match(stderr, /No known vault password opens ".*host_vars\/h1\.yml"/)
    })

    it('is no mistake while nobody uses a value of another id', async () => {
      const value = openVault([passwordFromText('prod', new Secret('other'))]).encrypt(new Secret('x'))
      const lines = value
        .trimEnd()
        .split('\n')
        .map((line) => `  ${line}`)
      bench.file('host_vars/h1.yml', `a_prod: !vault |\n${lines.join('\n')}\n`)
      assert.equal((await run('--vault-id', 'dev@right')).code, 0)
    })

    it('is none with a password from an option, an id, the environment or the default file', async () => {
      const ways = [
        [['--vault-password-file', 'right'], {}],
        [['--vault-id', 'dev@right'], {}],
        [[], { ANSIBLE_VAULT_PASSWORD_FILE: 'right' }],
      ] as const
      for (const [words, env] of ways) {
        const { code, stdout } = await bench.run(['run', 'play.yml', '-i', 'hosts.ini', ...words], { env })
        assert.equal(code, 0, stdout)
        assert.match(stdout, /ok: \[h1\] => pw \*{8}/)
      }
      bench.file('home/.config/elkseal/vault-password', 'right\n', 0o600)
      assert.equal((await run()).code, 0)
    })

    it('is told when the password file is missing', async () => {
      const { code, stderr } = await run('--vault-password-file', 'gone')
      assert.equal(code, 1)
      assert.match(stderr, /The vault password file ".*gone" cannot be read/)
    })
  })
})
