import assert from 'node:assert/strict'
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

  const tripsOf = async (count: number): Promise<number> => {
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
    const tasks = files(count).map((name) => `    - copy: {content: "in\\n", dest: "${join(bench.folder, name)}"}\n`)
    bench.file('play.yml', `- hosts: all\n  gather_facts: false\n  tasks:\n${tasks.join('')}`)
    const { code, stdout, stderr } = await bench.run(['run', 'play.yml', '-i', 'hosts.ini'])
    await line.close()
    assert.equal(code, 0, stdout + stderr)
    for (const name of files(count)) assert.equal(readFileSync(join(bench.folder, name), 'utf8'), 'in\n')
    return line.trips
  }

  const firstTripsOf = (count: number): Promise<number> => {
    for (const name of files(count)) rmSync(join(bench.folder, name), { force: true })
    return tripsOf(count)
  }

  it('are one for each change: the looks of what follows travel with it', async () => {
    const one = await fewestTrips(0, () => firstTripsOf(1))
    assert.equal((await fewestTrips(one + 3, () => firstTripsOf(4))) - one, 3)
  })

  it('are no more with ten things to look at than with one, when nothing is to be done', async () => {
    await tripsOf(10)
    const one = await fewestTrips(0, () => tripsOf(1))
    assert.equal(await fewestTrips(one, () => tripsOf(10)), one)
  })
})
