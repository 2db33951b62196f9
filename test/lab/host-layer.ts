import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cachedLayer } from './cache.ts'
import { $, reading } from './shell.ts'

/** Logins of every lab host besides root. All take the lab's key; `sudo` of ops asks for its password. */
export const accounts = { ops: { password: 'ops-sudo-5fJ2' }, ops2: { password: undefined } } as const

/** A layer with what every lab host needs: its network from a file, two logins with sudo, no console. */
export async function hostLayer(lower: readonly string[]): Promise<string> {
  const inputs = [await readFile(import.meta.filename, 'utf8')]
  return cachedLayer({ name: 'host-layer', inputs, lower }, async (root) => {
    for (const name of Object.keys(accounts)) await $`chroot ${root} useradd -m -s /bin/bash ${name}`
    await $(reading(`ops:${accounts.ops.password}\n`))`chroot ${root} chpasswd`
    const sudoers = join(root, 'etc/sudoers.d/lab')
    await writeFile(sudoers, 'ops ALL=(ALL) ALL\nops2 ALL=(ALL) NOPASSWD: ALL\n')
    await chmod(sudoers, 0o440)

    const units = join(root, 'etc/systemd/system')
    await mkdir(join(units, 'sysinit.target.wants'), { recursive: true })
    await writeFile(join(units, 'lab-network.service'), networkUnit)
    await symlink('../lab-network.service', join(units, 'sysinit.target.wants/lab-network.service'))
    await writeFile(join(root, 'usr/local/sbin/lab-network'), networkScript, { mode: 0o755 })
    for (const unit of ['console-getty.service', 'apt-daily.timer', 'apt-daily-upgrade.timer']) {
      await symlink('/dev/null', join(units, unit))
    }
  })
}

const networkUnit = `[Unit]
Description=Addresses of this lab host
DefaultDependencies=no
Before=network-pre.target network.target network-online.target ssh.service sysinit.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/sbin/lab-network
`

// A loopback address that other hosts of the bridge can reach: the transport of Elasticsearch listens there, because its
// bootstrap checks only warn on loopback (they want more file descriptors than a sandbox may allow).
const networkScript = `#!/bin/sh
set -e
. /etc/lab-network
ip link set lo up
ip addr replace 127.0.0.1/32 dev lo
ip addr del 127.0.0.1/8 dev lo 2>/dev/null || :
ip addr replace "$ADDRESS/24" dev host0
ip addr replace "$LOOPBACK/24" dev host0
ip link set host0 up
echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet
echo 1 > /proc/sys/net/ipv4/conf/host0/route_localnet
`
