import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { newSshKey } from '../../support/ssh-key.ts'

export interface StandIn {
  readonly name: string
  readonly home: string
  readonly port: number
  readonly hostKeyLine: string
}

export interface StandIns {
  readonly hosts: readonly StandIn[]
  end(): Promise<void>
}

/** So many that no process is as busy as the one that is measured. */
const hostsOfProcess = 25

/** Starts hosts in folders of their own, as they are before the first run, and writes `hosts.ini` and `known_hosts`. */
export async function startStandIns(folder: string, count: number): Promise<StandIns> {
  await rm(join(folder, 'hosts'), { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  const pair = newSshKey()
  await writeFile(join(folder, 'key'), pair.private, { mode: 0o600 })
  await writeFile(join(folder, 'key.pub'), pair.public)
  const names = Array.from({ length: count }, (_, index) => `host${String(index + 1).padStart(3, '0')}`)
  const parts = Array.from({ length: Math.ceil(count / hostsOfProcess) }, (_, part) =>
    startProcess(folder, names.slice(part * hostsOfProcess, (part + 1) * hostsOfProcess)),
  )
  const started = await Promise.all(parts)
  const hosts = started.flatMap((part) => part.hosts)
  await writeTargets(folder, hosts)
  const end = async () => {
    await Promise.all(started.map(({ process }) => endProcess(process)))
  }
  return { hosts, end }
}

async function startProcess(folder: string, names: readonly string[]) {
  const program = join(import.meta.dirname, 'hosts.ts')
  const process_ = spawn(process.execPath, [program, folder, ...names], { stdio: ['pipe', 'pipe', 'inherit'] })
  const hosts: StandIn[] = []
  for await (const line of createInterface(process_.stdout)) {
    hosts.push(JSON.parse(line) as StandIn)
    if (hosts.length === names.length) break
  }
  if (hosts.length < names.length) throw new Error(`Only ${hosts.length} of ${names.length} stand-in hosts started`)
  return { process: process_, hosts }
}

async function endProcess(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit')
  child.stdin?.end()
  await ended
}

async function writeTargets(folder: string, hosts: readonly StandIn[]): Promise<void> {
  const lines = hosts.map(({ name, home, port }) => `${name} ansible_port=${port} root=${home}\n`)
  const variables = [
    'ansible_host=127.0.0.1',
    'ansible_user=bench',
    `ansible_ssh_private_key_file=${join(folder, 'key')}`,
    `ansible_ssh_common_args=-F none -o UserKnownHostsFile=${join(folder, 'known_hosts')}`,
    'secret=planted-password',
  ]
  await writeFile(join(folder, 'hosts.ini'), `[app]\n${lines.join('')}\n[app:vars]\n${variables.join('\n')}\n`)
  await writeFile(join(folder, 'known_hosts'), hosts.map(({ hostKeyLine }) => hostKeyLine).join(''))
}
