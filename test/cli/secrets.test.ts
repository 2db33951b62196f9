import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openVault } from '../../src/secrets/ansible-vault.ts'
import { Secret } from '../../src/secrets/secret.ts'
import { passwordFromText } from '../../src/secrets/vault-password.ts'
import { CommandBench } from '../support/cli.ts'

const secrets = {
  elastic_password: 'Pl4nted-in-group_vars',
  vaulted: 'Pl4nted "in" the\\vault',
  given_password: 'Pl4nted-by-extra',
}

/** A playbook that does with a secret whatever users do. */
const playbook = `- hosts: all
  gather_facts: false
  tasks:
    - name: "named {{ S }}"
      debug: {msg: "{{ S }}"}
    - debug: {var: hostvars}
    - debug: {msg: "{{ S | b64encode }} {{ S | urlencode }} {{ S | to_json }}"}
    - command: {argv: [echo, "{{ S }}"]}
    - {shell: "printf %s \\"$V\\" >&2; exit 3", environment: {V: "{{ S }}"}, ignore_errors: true}
    - {template: {src: secret.j2, dest: FOLDER/templated}, diff: true}
    - {copy: {content: "{{ S }}", dest: "FOLDER/copied"}, diff: true}
    - {lineinfile: {path: FOLDER/lines, line: "pw={{ S }}", create: true}, diff: true}
    - {set_fact: {again: "{{ S }}!"}}
    - {debug: {var: again}}
    - {uri: {url: "http://127.0.0.1:1/{{ S | urlencode }}", url_username: u, url_password: "{{ S }}"}, ignore_errors: true}
    - {assert: {that: "S == ''", fail_msg: "not {{ S }}"}, ignore_errors: true}
    - {debug: {msg: "{{ nothing ~ S }}"}, ignore_errors: true}
    - {debug: {msg: "{{ item }}"}, loop: ["{{ S }}"]}
    - {stat: {path: "/{{ S }}"}}
    - {fail: {msg: "{{ S }}"}}
`

describe('secrets', () => {
  for (const [name, secret] of Object.entries(secrets)) {
    for (const words of [
      ['--diff', '-vvv'],
      ['--diff', '-vvv', '--check'],
      ['--diff', '-vvv', '--output', 'json'],
    ]) {
      it(`never show in what a run prints or keeps (${name}, ${words.join(' ')})`, async () => {
        const bench = new CommandBench()
        const value = openVault([passwordFromText('default', new Secret('right'))]).encrypt(new Secret(secrets.vaulted))
        const lines = value.split('\n').map((line) => `  ${line}`)
        bench.file('right', 'right')
        bench.file('hosts.ini', `h1 ansible_connection=local elkseal_backup_dir=${bench.folder}/backup\n`)
        bench.file(
          'group_vars/all.yml',
          `elastic_password: ${secrets.elastic_password}\nvaulted: !vault |\n${lines.join('\n')}\n`,
        )
        bench.file('secret.j2', '{{ S }}\n')
        bench.file('play.yml', playbook.replaceAll('FOLDER', bench.folder))
        const { code, stdout, stderr } = await bench.run([
          ...['run', 'play.yml', '-i', 'hosts.ini', '--vault-password-file', 'right'],
          ...['-e', `given_password=${secrets.given_password}`, '-e', `{"S": "{{ ${name} }}"}`, ...words],
        ])
        assert.equal(code, 2, stdout + stderr)
        const state = join(bench.folder, '.elkseal')
        const kept = words.includes('--check')
          ? []
          : readdirSync(state, { recursive: true, withFileTypes: true })
              .filter((entry) => entry.isFile())
              .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
        const forms = [secret, 'Pl4nted', Buffer.from(secret).toString('base64'), encodeURIComponent(secret)]
        for (const text of [stdout, stderr, ...kept]) {
          for (const form of forms) assert.ok(!text.includes(form), `${form} in\n${text}`)
        }
        assert.ok(stdout.includes('********'))
        bench.remove()
      })
    }
  }
})
