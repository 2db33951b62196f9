import { existsSync, mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { LockOwner } from '../../src/engine/lock/lock-owner.ts'
import { CommandBench, type CommandOptions, type CommandResult } from './cli.ts'
import { startSshHost, type SshHost } from './ssh-host.ts'

const longAgo = new Date('2026-01-01T00:00:00Z')

/** A run of another machine. */
export const elsewhere: LockOwner = {
  lock: '2026-11-24T19-45-15-3f2a.c0ffee00',
  run: '2026-11-24T19-45-15-3f2a',
  user: 'anna',
  controller: 'ctl7',
  process: { pid: 4711 },
  started: '2026-11-24T19:45:15.000Z',
  playbook: 'renew.yml',
  limit: 'es*',
}

/** For the tests of one suite, with empty hosts before each. */
export function lockBench(): LockBench {
  const bench = new LockBench()
  before(() => bench.start())
  after(() => bench.close())
  afterEach(() => bench.clear())
  return bench
}

/** Three hosts with real SSH servers and shells in this process, each with a folder and a lock of its own. */
export class LockBench {
  readonly cli = new CommandBench()
  readonly names = ['es1', 'es2', 'es3']
  readonly #hosts = new Map<string, SshHost>()

  async start(): Promise<void> {
    for (const name of this.names) {
      mkdirSync(this.path(name))
      this.#hosts.set(name, await startSshHost({ home: this.path(name), users: { ops: { password: 'login' } } }))
    }
    this.cli.file('known_hosts', [...this.#hosts.values()].map((host) => host.hostKeyLine).join(''))
    const own = `${this.cli.folder}/{{ inventory_hostname }}`
    const vars = {
      ansible_user: 'ops',
      ansible_password: 'login',
      ansible_ssh_common_args: `-o UserKnownHostsFile=${this.path('known_hosts')}`,
      elkseal_lock_dir: `${own}/elkseal/lock`,
      elkseal_backup_dir: `${own}/elkseal/backup`,
      place: own,
    }
    const hosts = [...this.#hosts].map(([name, host]) => [
      name,
      { ansible_host: host.address, ansible_port: host.port },
    ])
    this.cli.file('hosts.yml', JSON.stringify({ all: { vars, hosts: Object.fromEntries(hosts) as object } }))
  }

  async close(): Promise<void> {
    for (const host of this.#hosts.values()) await host.close()
    this.cli.remove()
  }

  host(name: string): SshHost {
    const host = this.#hosts.get(name)
    if (host === undefined) throw new Error(`no host ${name}`)
    return host
  }

  path(...parts: readonly string[]): string {
    return join(this.cli.folder, ...parts)
  }

  /** Tasks on all hosts; `inside` stands between a mkdir that fails when another run is there, and its rmdir. */
  playbook(name: string, tasks: readonly string[]): string {
    return this.cli.file(
      name,
      `- name: Play\n  hosts: all\n  gather_facts: false\n  tasks:\n${tasks.map((task) => `    - ${task}\n`).join('')}`,
    )
  }

  run(playbook: string, args: readonly string[] = [], options: CommandOptions = {}): Promise<CommandResult> {
    return this.cli.run(['run', playbook, '-i', this.path('hosts.yml'), '--output', 'plain', ...args], options)
  }

  /** The locks on a host now. */
  locks(name: string): readonly string[] {
    const folder = this.path(name, 'elkseal/lock')
    return existsSync(folder) ? readdirSync(folder) : []
  }

  /** A lock of a run that is elsewhere. */
  plant(name: string, owner: { readonly lock: string }): string {
    const folder = this.path(name, 'elkseal/lock')
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, owner.lock), `${JSON.stringify(owner)}\n`)
    // Taken long ago: what is young may be given back at once, and is waited for.
    utimesSync(folder, longAgo, longAgo)
    return join(folder, owner.lock)
  }

  clear(): void {
    for (const name of this.names)
      for (const entry of readdirSync(this.path(name))) rmSync(this.path(name, entry), { recursive: true })
  }
}
