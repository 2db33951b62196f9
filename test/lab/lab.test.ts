import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { watchArguments } from './argument-watch.ts'
import { processesInGroups } from './control-groups.ts'
import { accounts } from './host-layer.ts'
import { createLab } from './lab.ts'
import { defaultPlan } from './lab-state.ts'
import { findLeaks } from './leaks.ts'
import { isListening, until } from './machine.ts'
import { mountsBelow } from './mounts.ts'
import { hasNetwork } from './network.ts'
import { needsLab } from './prerequisites.ts'
import { killAll, processesWith } from './processes.ts'

const bare = { ...defaultPlan, nodes: 0, kibana: false, metricbeat: false, plain: 2 }

describe('the lab', function () {
  this.timeout('10m')

  const lab = createLab({ name: 'selftest' })
  const killed = createLab({ name: 'killed' })
  let folder = ''

  before(async function () {
    await needsLab(this)
    folder = await mkdtemp(join(tmpdir(), 'elkseal-lab-test-'))
    for (const each of [lab, killed]) await each.down()
    await lab.up(bare)
  })

  after(async () => {
    for (const each of [lab, killed]) if (each.isUp()) await each.down()
    if (folder !== '') await rm(folder, { recursive: true, force: true })
  })

  const ssh = async (user: string, words: readonly string[], input = '') => {
    const options = ['StrictHostKeyChecking=yes', `UserKnownHostsFile=${join(folder, 'known_hosts')}`, 'BatchMode=yes']
    const login = ['-i', join(lab.folder, 'key'), `${user}@${lab.host('plain1').address}`]
    return lab.exec(['ssh', ...options.flatMap((option) => ['-o', option]), ...login, ...words], { input })
  }

  it('lets the accounts of its inventory log in, with strict host keys', async () => {
    await lab.writeInventory(folder)
    assert.equal((await ssh('root', ['id', '-un'])).stdout, 'root\n')
    assert.equal((await ssh('ops2', ['sudo', '-n', 'id', '-un'])).stdout, 'root\n')
  })

  it('has an account whose sudo wants the password', async () => {
    assert.notEqual((await ssh('ops', ['sudo', '-n', 'true'])).exitCode, 0)
    const withPassword = await ssh('ops', ['sudo', '-S', 'id', '-un'], `${accounts.ops.password}\n`)
    assert.equal(withPassword.stdout, 'root\n')
    assert.notEqual((await ssh('ops', ['sudo', '-S', 'true'], 'wrong\n')).exitCode, 0)
  })

  it('gives every host a systemd that is up, and a network to the others', async () => {
    const state = await lab.run('plain1', ['systemctl', 'is-system-running', '--wait'], { nothrow: true })
    assert.equal(state, 'running\n')
    await lab.run('plain1', ['bash', '-c', 'exec 3<>/dev/tcp/plain2.lab/22'])
  })

  it('sees a secret in the arguments of a process on a host', async () => {
    const watch = watchArguments({ planted: 'planted-argument-Hk39' })
    await lab.run('plain1', ['sh', '-c', 'sleep 1 # planted-argument-Hk39'])
    assert.ok(watch.stop().some((line) => line.startsWith('planted in the arguments of')))
  })

  it('finds a secret in files, temporary files and journals', async () => {
    await lab.run('plain1', ['sh', '-c', 'cat > /etc/left-over'], { input: 'planted-file-Pd52' })
    await lab.run('plain1', ['sh', '-c', 'cat > /tmp/left-over'], { input: 'planted-file-Pd52' })
    await lab.run('plain2', ['systemd-cat'], { input: 'planted-file-Pd52\n' })
    await writeFile(join(folder, 'left-over'), 'planted-file-Pd52')
    const found = await findLeaks(lab, { planted: 'planted-file-Pd52' }, [folder])
    for (const place of [join(folder, 'left-over'), '/upper/etc/left-over', 'plain1: /tmp/left-over']) {
      assert.ok(
        found.some((line) => line.endsWith(place)),
        `${place} in ${found.join(', ')}`,
      )
    }
    assert.ok(found.includes('plain2: planted in the journal'))
  })

  it('leaves nothing behind when it is taken down, also after an up that was killed', async () => {
    const boot = `import { createLab } from ${JSON.stringify(join(import.meta.dirname, 'lab.ts'))}
      await createLab({ name: 'killed' }).up(${JSON.stringify(bare)})
      setTimeout(() => {}, 60_000)`
    const up = spawn(process.execPath, ['--input-type=module', '--eval', boot], { stdio: 'ignore' })
    await until(() => killed.isUp() && isListening(killed.host('plain1'), 22), 'the first host')
    up.kill('SIGKILL')
    await once(up, 'exit')
    // The processes of a host go on without its systemd-nspawn.
    await killAll(processesWith(([first, ...words]) => first === 'systemd-nspawn' && isBelow(words, killed.folder)))
    assert.notDeepEqual(processesInGroups('killed'), [])
    for (const each of [killed, lab]) {
      await each.down()
      assert.deepEqual(processesInGroups(each.name), [])
      assert.deepEqual(mountsBelow(each.folder), [])
      assert.ok(!hasNetwork(each.name))
      assert.ok(!existsSync(each.folder))
    }
  })
})

function isBelow(words: readonly string[], folder: string): boolean {
  return words.some((word) => word.startsWith(`--directory=${folder}/`))
}
