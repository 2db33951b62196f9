import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { accounts } from './host-layer.ts'
import type { LabState, Role } from './lab-state.ts'
import { rootOf, type Machine } from './machine.ts'

export interface InventoryOptions {
  /** Who logs in: root; or ops, whose sudo asks for a password; or ops2, whose sudo does not. */
  readonly login?: 'root' | 'ops' | 'ops2'
  /** More variables of all hosts. */
  readonly variables?: Readonly<Record<string, unknown>>
}

const keyTypes = ['ed25519', 'ecdsa', 'rsa']

/** Writes an inventory with which the lab's hosts are reached from inside its network. */
export async function writeInventory(
  folder: string,
  lab: { readonly state: LabState; readonly key: string },
  { login = 'root', variables: more = {} }: InventoryOptions = {},
): Promise<string> {
  const { hosts, passwords } = lab.state
  const group = (role: Role): object => ({
    hosts: Object.fromEntries(
      hosts.filter((host) => host.role === role).map((host) => [host.name, { ansible_host: host.address }]),
    ),
  })
  const knownHosts = join(folder, 'known_hosts')
  const variables = {
    ...loginVariables(login),
    ansible_ssh_private_key_file: lab.key,
    ansible_ssh_common_args: `-o UserKnownHostsFile=${knownHosts}`,
    elastic_password: passwords.elastic,
    ...more,
  }
  await mkdir(join(folder, 'group_vars'), { recursive: true })
  await writeFile(knownHosts, (await Promise.all(hosts.map(hostKeys))).join(''))
  await writeFile(join(folder, 'group_vars/all.yml'), stringify(variables), { mode: 0o600 })
  const file = join(folder, 'hosts.yml')
  const roles: readonly Role[] = ['elasticsearch', 'kibana', 'metricbeat', 'plain']
  const groups = roles.filter((role) => hosts.some((host) => host.role === role)).map((role) => [role, group(role)])
  await writeFile(file, stringify({ all: { children: Object.fromEntries(groups) as object } }))
  return file
}

function loginVariables(login: 'root' | 'ops' | 'ops2'): object {
  if (login === 'root') return { ansible_user: login }
  const password = accounts[login].password
  return {
    ansible_user: login,
    ansible_become: true,
    ...(password === undefined ? {} : { ansible_become_password: password }),
  }
}

// What ssh-keyscan would ask the host for, but taken from its disk.
async function hostKeys(host: Machine): Promise<string> {
  const lines = keyTypes.map(async (type) => {
    const [name, blob] = (await readFile(join(rootOf(host), `etc/ssh/ssh_host_${type}_key.pub`), 'utf8')).split(' ')
    return `${host.address} ${name ?? ''} ${blob ?? ''}\n`
  })
  return (await Promise.all(lines)).join('')
}
