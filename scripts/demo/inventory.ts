import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import type { SshHost } from '../../test/support/ssh-host.ts'
import type { DemoNode } from './node.ts'

/** An inventory as an operator would write it, for hosts that all live on this machine. */
export function writeInventory(folder: string, hosts: ReadonlyMap<DemoNode, SshHost>, elasticPassword: string): string {
  const file = join(folder, 'hosts.yml')
  const knownHosts = join(folder, 'known_hosts')
  writeFileSync(knownHosts, [...hosts.values()].map((host) => `${host.hostKeyLine.trim()}\n`).join(''))
  const entries = [...hosts].map(([node, host]) => [
    node.name,
    {
      ansible_host: host.address,
      ansible_port: host.port,
      elasticsearch_home: node.home,
      elkseal_backup_dir: node.backup,
      elkseal_lock_dir: join(node.backup, 'lock'),
    },
  ])
  const inventory = {
    all: {
      vars: {
        ansible_user: 'demo',
        ansible_become: false,
        ansible_ssh_private_key_file: join(folder, 'id_demo'),
        ansible_ssh_common_args: `-o UserKnownHostsFile=${knownHosts}`,
        elastic_password: elasticPassword,
      },
      children: { elasticsearch: { hosts: Object.fromEntries(entries) as object } },
    },
  }
  writeFileSync(file, stringify(inventory), { mode: 0o600 })
  return file
}
