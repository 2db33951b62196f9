import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { elkseal, type ElksealRun } from './elkseal.ts'
import { accounts } from './host-layer.ts'
import { createLab } from './lab.ts'
import { defaultPlan } from './lab-state.ts'
import { needsLab } from './prerequisites.ts'

const passwords = { root: 'root-su-9Wq4', app: 'app-su-3Tz8', closed: 'closed-su-6Kd1', old: 'old-su-2Xr7' }

const other = 'another-4Vm9'

const playbook = stringify([
  {
    hosts: 'plain',
    gather_facts: false,
    become: true,
    tasks: [
      { name: 'Who', command: 'id -un', register: 'who', changed_when: false },
      { name: 'A file', copy: { content: '{{ who.stdout }}', dest: '/tmp/of-{{ who.stdout }}' } },
      { name: 'Its owner', stat: { path: '/tmp/of-{{ who.stdout }}' }, register: 'file' },
      { name: 'They agree', debug: { msg: '{{ who.stdout }} owns {{ file.stat.pw_name }}' } },
    ],
  },
])

const sudo = { ansible_become_password: accounts.ops.password }
const su = (user: keyof typeof passwords, password: string | undefined = passwords[user]) => ({
  ansible_become_method: 'su',
  ansible_become_user: user,
  ansible_become_password: password,
})

const accepted = [
  ['su with its password', su('root'), 'root'],
  ['su to another account than root', su('app'), 'app'],
  [
    'su by a path, with a login shell',
    { ...su('app'), ansible_become_exe: '/bin/su', ansible_become_flags: '-' },
    'app',
  ],
  ['su by root, who is not asked', { ...su('app'), ansible_user: 'root' }, 'app'],
  ['sudo with its password', sudo, 'root'],
  ['sudo to another account than root', { ...sudo, ansible_become_user: 'app' }, 'app'],
  ['sudo by a path', { ...sudo, ansible_become_exe: '/usr/bin/sudo', ansible_become_flags: '-H -S -n' }, 'root'],
  ['sudo with a login shell', { ...sudo, ansible_become_user: 'app', ansible_become_flags: '-i' }, 'app'],
] as const

const refused = [
  ['a wrong password of su', su('root', other), 'root', 'su: the password is wrong', /ansible_become_password/],
  [
    'no password for su',
    { ...su('root'), ansible_become_password: null },
    'root',
    'su: a password is required',
    /--ask/,
  ],
  ['the password of another', su('app', passwords.root), 'app', 'su: the password is wrong', /ansible_become_password/],
  [
    'an account without a shell',
    su('closed'),
    'closed',
    'su: This account is currently not available.',
    /ansible_become_user/,
  ],
  ['an expired password', su('old'), 'old', 'su: after the password it asks "Current password:"', /rules of su/],
  ['a wrong password of sudo', { ansible_become_password: other }, 'root', 'sudo: the password is wrong', /tried once/],
  ['no password for sudo', {}, 'root', 'sudo: a password is required', /--ask-become-pass/],
  [
    'an account that sudo does not know',
    { ...sudo, ansible_become_user: 'ghost' },
    'ghost',
    'sudo: unknown user ghost',
    /user/,
  ],
  [
    'flags that sudo does not know',
    { ...sudo, ansible_become_flags: '--nonsense' },
    'root',
    "sudo: unrecognized option '--nonsense'",
    /flags/,
  ],
] as const

describe('become on a real host', function () {
  this.timeout('5m')

  const lab = createLab({ name: 'become' })
  let folder = ''

  before(async function () {
    await needsLab(this)
    folder = await mkdtemp(join(tmpdir(), 'elkseal-become-lab-'))
    await lab.down()
    await lab.up({ ...defaultPlan, nodes: 0, kibana: false, metricbeat: false, plain: 1 })
    for (const user of ['app', 'closed', 'old']) await lab.run('plain1', ['useradd', '-m', '-s', '/bin/bash', user])
    const lines = Object.entries(passwords).map(([user, password]) => `${user}:${password}\n`)
    await lab.run('plain1', ['chpasswd'], { input: lines.join('') })
    await lab.run('plain1', ['usermod', '-s', '/usr/sbin/nologin', 'closed'])
    await lab.run('plain1', ['chage', '-d', '0', 'old'])
    await lab.writeInventory(folder, { login: 'ops', variables: { ansible_become_password: null } })
    await writeFile(join(folder, 'play.yml'), playbook)
  })

  after(async () => {
    if (lab.isUp()) await lab.down()
    if (folder !== '') await rm(folder, { recursive: true, force: true })
  })

  async function run(variables: object): Promise<ElksealRun> {
    await writeFile(join(folder, 'become.yml'), stringify(variables))
    return elkseal(lab, ['run', 'play.yml', '-i', 'hosts.yml', '-e', '@become.yml'], { cwd: folder })
  }

  for (const [what, variables, user] of accepted) {
    it(`acts as the other account by ${what}`, async () => {
      const { exitCode, events, text } = await run(variables)
      assert.equal(exitCode, 0, text)
      const said = events.find((event) => event.task === 'They agree')
      assert.match(said?.summary ?? '', new RegExp(`${user} owns ${user}`))
    })
  }

  for (const [what, variables, user, reason, hint] of refused) {
    it(`tells of ${what}, with the next step, and does nothing`, async () => {
      const { exitCode, events, text } = await run(variables)
      assert.equal(exitCode, 4, text)
      const [failed, ...others] = events.filter((event) => event.event === 'task')
      assert.deepEqual(others, [])
      assert.equal(failed?.status, 'unreachable')
      assert.equal(failed.summary, `Cannot become "${user}" on "plain1" by ${reason}`)
      assert.match(failed.hint ?? '', hint)
      assert.ok(Object.values(passwords).every((password) => !text.includes(password)))
    })
  }
})
