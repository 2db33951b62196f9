import assert from 'node:assert/strict'
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { CommandBench, jsonLines, type CommandResult } from '../../support/cli.ts'
import { needs, skipFor } from '../../support/needs.ts'
import { startSshHost, type SshHost } from '../../support/ssh-host.ts'
import { BusyboxTree } from './busybox-tree.ts'

const playbook = `
- hosts: box
  tasks:
    - assert: {that: ansible_user_dir == '/root'}
    - copy: {content: "a\\n", dest: /srv/a, owner: app, group: app, mode: '0640'}
    - copy: {content: "b\\n", dest: /srv/a, backup: true}
    - copy: {content: "{{ 'x' * 20000 }}", dest: /srv/large}
    - copy: {content: valid, dest: /srv/valid, validate: 'grep -q valid %s'}
    - template: {src: greeting.j2, dest: /srv/greeting, mode: 'u=rw,g=r'}
    - lineinfile: {path: /srv/greeting, line: second}
    - blockinfile: {path: /srv/greeting, block: third}
    - file: {path: /srv/one/two, state: directory, owner: app, mode: '0750'}
    - file: {path: /srv/one, state: directory, recurse: true, group: app}
    - file: {path: /srv/link, src: /srv/large, state: link}
    - file: {path: /srv/hard, src: /srv/large, state: hard}
    - file: {path: /srv/valid, state: absent}
    - wait_for: {path: /srv/greeting, timeout: 5}
    - slurp: {path: /srv/greeting}
      register: greeting
    - stat: {path: /srv/a, checksum_algorithm: sha512}
      register: details
    - shell: 'echo "$(cat /srv/a)" | tr b B'
      register: said
      changed_when: false
    - command: {cmd: cat, stdin: 'from stdin'}
      register: echoed
      changed_when: false
    - assert:
        that:
          - "greeting.content | b64decode == 'for box\\nsecond\\n# BEGIN ANSIBLE MANAGED BLOCK\\nthird\\n# END ANSIBLE MANAGED BLOCK\\n'"
          - details.stat.pw_name == 'app' and details.stat.mode == '0640' and details.stat.checksum | length == 128
          - said.stdout == 'B'
          - echoed.stdout == 'from stdin'
`

describe('a host that has busybox and nothing else', function () {
  this.timeout('60s')

  let tree: BusyboxTree | undefined
  let host: SshHost | undefined
  let bench: CommandBench

  before(async function () {
    needs(this, '/bin/busybox', 'chroot', 'mknod')
    if (process.getuid?.() !== 0) skipFor(this, 'needs root')
    tree = new BusyboxTree('/bin/busybox')
    bench = new CommandBench()
    host = await startSshHost({ home: '/', shell: tree.shell, users: { root: { password: 'login' } } })
    const known = bench.file('known_hosts', host.hostKeyLine)
    bench.file(
      'hosts.ini',
      `box ansible_host=127.0.0.1 ansible_port=${String(host.port)} ansible_user=root ansible_password=login ` +
        `ansible_ssh_common_args='-o UserKnownHostsFile=${known}'\n`,
    )
    bench.file('greeting.j2', 'for {{ inventory_hostname }}\n')
  })

  after(async () => {
    await host?.close()
    if (tree === undefined) return
    tree.remove()
    bench.remove()
  })

  const inside = (path: string) => tree?.path(path) ?? ''

  async function play(text: string): Promise<CommandResult> {
    bench.file('play.yml', text)
    return bench.run(['run', 'play.yml', '-i', 'hosts.ini', '--output', 'json'])
  }

  it('is written to and read from by every module of files and commands', async () => {
    const { code, stdout } = await play(playbook)
    assert.equal(code, 0, stdout)
    assert.equal(readFileSync(inside('/srv/a'), 'utf8'), 'b\n')
    // Owner and mode of the file before were kept.
    assert.deepEqual([statSync(inside('/srv/a')).uid, statSync(inside('/srv/a')).mode & 0o7777], [1500, 0o640])
    assert.equal(statSync(inside('/srv/one/two')).gid, 1500)
    assert.equal(readlinkSync(inside('/srv/link')), '/srv/large')
    assert.equal(statSync(inside('/srv/hard')).size, 20_000)
  })

  it('is put back as it was by a rollback', async () => {
    const { code, stdout } = await bench.run(['rollback', '-i', 'hosts.ini'])
    assert.equal(code, 0, stdout)
    // The copy beside the file was asked for with `backup: true`.
    assert.deepEqual(
      readdirSync(inside('/srv')).filter((name) => !name.endsWith('~')),
      [],
    )
  })

  for (const [what, task, expected, next] of [
    ['a digest it does not know', 'stat: {path: /srv/a, checksum_algorithm: sha224}', /no "sha224sum"/, /sha256/],
    ['a service', 'service: {name: elasticsearch, state: started}', /There is no systemd on this host/, undefined],
    ['a file of a full path that is not there', 'copy: {content: a, dest: /none/a}', /"\/none"/, /state: directory/],
    ['an owner that it does not have', 'copy: {content: a, dest: /srv/o, owner: ghost}', /"ghost"/, undefined],
  ] as const) {
    it(`is refused ${what} in clear words`, async () => {
      const { code, stdout } = await play(`- hosts: box\n  gather_facts: false\n  tasks:\n    - ${task}\n`)
      assert.equal(code, 2, stdout)
      const failed = jsonLines(stdout).find((event) => event['status'] === 'failed')
      assert.match(String(failed?.['summary']), expected)
      if (next !== undefined) assert.match(String(failed?.['hint']), next)
    })
  }
})
