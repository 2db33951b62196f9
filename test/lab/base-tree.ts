import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { cached } from './cache.ts'
import { $ } from './shell.ts'

const suite = 'bookworm'

// python3 is for Ansible in the benchmark; elkseal itself must not need it.
const packages = [
  'dbus',
  'iproute2',
  'openssh-server',
  'openssl',
  'procps',
  'python3',
  'sudo',
  'systemd',
  'systemd-sysv',
]

/** A bare Debian with systemd and sshd, from the machine's own package mirror. */
export async function baseTree(): Promise<string> {
  const folder = await cached('debian', [suite, ...packages], async (folder) => {
    const root = join(folder, 'root')
    const include = `--include=${packages.join(',')}`
    await $`debootstrap --variant=minbase ${include} ${suite} ${root} ${await mirror()}`
    await $`find ${root}/var/cache/apt ${root}/var/lib/apt/lists ${root}/usr/share/doc -type f -delete`
    // Every host makes its own identity.
    await $`find ${root}/etc/ssh -name ${'ssh_host_*'} -delete`
    await rm(join(root, 'etc/machine-id'), { force: true })
  })
  return join(folder, 'root')
}

// Without a word of it, debootstrap takes Debian's own mirror.
async function mirror(): Promise<readonly string[]> {
  const format = '$(REPO_URI) $(RELEASE) $(COMPONENT)'
  const targets = await $`apt-get indextargets --format ${format} ${'Identifier: Packages'}`
  const fitting = targets.stdout.split('\n').map((line) => line.split(' '))
  const uri = fitting.find(([, release, component]) => release === suite && component === 'main')?.[0]
  return uri === undefined ? [] : [uri]
}
