import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Lab } from '../lab/lab.ts'
import type { LabHost } from '../lab/lab-state.ts'
import { keystorePassword } from './hosts.ts'

/** A host as the tools reach it: directly, or through the long line. */
export interface Target {
  readonly name: string
  readonly address: string
  readonly port: number
}

export function targetsOf(hosts: readonly LabHost[], gateway: string | undefined): readonly Target[] {
  return hosts.map(({ name, address }, index) =>
    gateway === undefined ? { name, address, port: 22 } : { name, address: gateway, port: 22_001 + index },
  )
}

/** Writes what each tool wants to know of the hosts: `hosts.ini`, `hosts.py`, `hosts.txt` and `known_hosts`. */
export async function writeTargets(folder: string, lab: Lab, targets: readonly Target[]): Promise<void> {
  const key = join(lab.folder, 'key')
  const knownHosts = join(folder, 'known_hosts')
  await lab.writeInventory(join(folder, 'lab'))
  const keys = await readFile(join(folder, 'lab/known_hosts'), 'utf8')
  await writeFile(knownHosts, knownHostsOf(keys, lab.hosts('plain'), targets))
  const ini = targets.map(({ name, address, port }) => `${name} ansible_host=${address} ansible_port=${port}\n`)
  const variables = [
    'ansible_user=root',
    `ansible_ssh_private_key_file=${key}`,
    `ansible_ssh_common_args=-o UserKnownHostsFile=${knownHosts}`,
    'ansible_python_interpreter=/usr/bin/python3',
    `secret=${keystorePassword}`,
  ]
  await writeFile(join(folder, 'hosts.ini'), `[app]\n${ini.join('')}\n[app:vars]\n${variables.join('\n')}\n`)
  await writeFile(join(folder, 'hosts.txt'), targets.map((one) => `${one.name} ${one.address} ${one.port}\n`).join(''))
  const hosts = targets.map(
    (one) => `    ("${one.name}", {"ssh_hostname": "${one.address}", "ssh_port": ${one.port}}),\n`,
  )
  const shared = {
    ssh_user: 'root',
    ssh_key: key,
    ssh_known_hosts_file: knownHosts,
    ssh_strict_host_key_checking: 'yes',
  }
  await writeFile(join(folder, 'hosts.py'), `app = (\n[\n${hosts.join('')}], ${JSON.stringify(shared)})\n`)
}

function knownHostsOf(keys: string, hosts: readonly LabHost[], targets: readonly Target[]): string {
  const lines = targets.flatMap((target) => {
    const real = hosts.find((host) => host.name === target.name)?.address ?? target.address
    const name = target.port === 22 ? target.address : `[${target.address}]:${target.port}`
    const own = keys.split('\n').filter((line) => line.startsWith(`${real} `))
    return own.map((line) => `${name}${line.slice(real.length)}\n`)
  })
  return [...new Set(lines)].join('')
}
