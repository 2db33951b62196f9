import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { CommandBench } from '../support/cli.ts'
import { fewestTrips, openLongLine } from '../support/long-line.ts'
import { startSshHost, type SshHost } from '../support/ssh-host.ts'
import { newSshKey } from '../support/ssh-key.ts'

/** Whole runs over a line so long that only its round trips count. */
describe('the round trips of a run', () => {
  let bench: CommandBench
  let host: SshHost
  beforeEach(async () => {
    bench = new CommandBench()
    const key = newSshKey()
    bench.file('key', key.private, 0o600)
    host = await startSshHost({ home: bench.folder, users: { me: { publicKey: key.public } } })
    bench.file('known_hosts', host.hostKeyLine)
  })
  afterEach(async () => {
    await host.close()
    bench.remove()
  })

  const files = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `f${String(index)}`)

  const copies = (count: number) =>
    files(count).map((name) => `copy: {content: "in\\n", dest: "${join(bench.folder, name)}"}`)

  const tripsOf = async (tasks: readonly string[]): Promise<number> => {
    const line = await openLongLine(host.port, 120)
    const variables = [
      'ansible_host=127.0.0.1',
      `ansible_port=${String(line.port)}`,
      'ansible_user=me',
      `ansible_ssh_private_key_file=${join(bench.folder, 'key')}`,
      `elkseal_backup_dir=${join(bench.folder, 'backup')}`,
      `elkseal_lock_dir=${join(bench.folder, 'lock')}`,
    ]
    const options = ['-F none', `-o UserKnownHostsFile=${join(bench.folder, 'known_hosts')}`]
    const alias = `-o HostKeyAlias=[127.0.0.1]:${String(host.port)}`
    bench.file('hosts.ini', `h1 ${variables.join(' ')} ansible_ssh_common_args='${[...options, alias].join(' ')}'\n`)
    const list = tasks.map((task) => `    - ${task}\n`)
    bench.file('play.yml', `- hosts: all\n  gather_facts: false\n  tasks:\n${list.join('')}`)
    const { code, stdout, stderr } = await bench.run(['run', 'play.yml', '-i', 'hosts.ini'])
    await line.close()
    assert.equal(code, 0, stdout + stderr)
    return line.trips
  }

  const firstTripsOf = (tasks: readonly string[]): Promise<number> => {
    for (const name of [...files(10), 'folder', 'made'])
      rmSync(join(bench.folder, name), { force: true, recursive: true })
    return tripsOf(tasks)
  }

  it('are one for each change: the looks of what follows travel with it', async () => {
    const tasks = files(2)
      .map((name) => join(bench.folder, name))
      .flatMap((path) => [`command: {cmd: touch ${path}}`, `lineinfile: {path: ${path}, line: in}`])
    const one = await fewestTrips(0, () => firstTripsOf(tasks.slice(0, 1)))
    assert.equal((await fewestTrips(one + 3, () => firstTripsOf(tasks))) - one, 3)
    for (const name of files(2)) assert.equal(readFileSync(join(bench.folder, name), 'utf8'), 'in\n')
  })

  it('are one for all changes of files behind one another, also where one builds on another', async () => {
    const folder = join(bench.folder, 'folder')
    const [owner, group] = ['-un', '-gn'].map((word) => execFileSync('id', [word], { encoding: 'utf8' }).trim())
    const tasks = [
      `file: {path: ${folder}, state: directory, owner: ${owner}, group: ${group}, mode: '0750'}`,
      `copy: {content: "a: 1\\n", dest: ${folder}/f, owner: ${owner}, group: ${group}, mode: '0640'}`,
      `lineinfile: {path: ${folder}/f, regexp: '^a:', line: 'a: 2'}`,
      `lineinfile: {path: ${folder}/f, line: 'b: 3'}`,
      ...copies(2),
    ]
    const one = await fewestTrips(0, () => firstTripsOf(tasks.slice(0, 1)))
    assert.equal(await fewestTrips(one, () => firstTripsOf(tasks)), one)
    assert.equal(readFileSync(join(folder, 'f'), 'utf8'), 'a: 2\nb: 3\n')
    for (const name of files(2)) assert.equal(readFileSync(join(bench.folder, name), 'utf8'), 'in\n')
  })

  it('are no more with ten things to look at than with one, when nothing is to be done', async () => {
    await tripsOf(copies(10))
    const one = await fewestTrips(0, () => tripsOf(copies(1)))
    assert.equal(await fewestTrips(one, () => tripsOf(copies(10))), one)
  })
})
