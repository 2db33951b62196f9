import { spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import { mkdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createGroups } from './control-groups.ts'
import { mountOverlay } from './mounts.ts'
import { bridge, namespaceOf } from './network.ts'
import { childrenOf, killAll, processesWith } from './processes.ts'
import { $, reading } from './shell.ts'

/** One Debian host of a lab: a systemd-nspawn container with an overlay as its file system. */
export interface Machine {
  readonly lab: string
  readonly name: string
  readonly address: string
  /** On this address, which is a loopback address to Java, the host is reachable by the lab's other hosts too. */
  readonly loopback: string
  /** Everything of this host is below it: `root` (the mounted file system), `upper`, `work`, `console.log`. */
  readonly folder: string
}

export interface Binding {
  readonly from: string
  readonly to: string
}

export function rootOf(machine: Machine): string {
  return join(machine.folder, 'root')
}

/** Mounts the host's file system and gives it an identity; it can be changed from outside until it boots. */
export async function prepareMachine(
  machine: Machine,
  layers: readonly string[],
  access: { readonly publicKey: string; readonly hosts: readonly Machine[] },
): Promise<void> {
  const { folder, name } = machine
  const root = rootOf(machine)
  await mountOverlay({ target: root, layers, upper: join(folder, 'upper'), work: join(folder, 'work') })
  await writeFile(join(root, 'etc/hostname'), `${name}\n`)
  const names = access.hosts.map((host) => `${host.address} ${host.name} ${host.name}.lab\n`)
  await writeFile(join(root, 'etc/hosts'), `127.0.0.1 localhost\n${names.join('')}`)
  await writeFile(join(root, 'etc/lab-network'), `ADDRESS=${machine.address}\nLOOPBACK=${machine.loopback}\n`)
  // An empty file makes systemd choose a machine id at boot.
  await writeFile(join(root, 'etc/machine-id'), '')
  await $`ssh-keygen -A -f ${root}`
  for (const home of ['root', 'home/ops', 'home/ops2']) await authorize(root, home, access.publicKey)
}

async function authorize(root: string, home: string, publicKey: string): Promise<void> {
  const folder = join(root, home, '.ssh')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await writeFile(join(folder, 'authorized_keys'), publicKey, { mode: 0o600 })
  await $`chroot ${root} chown -R --reference=/${home} /${home}/.ssh`
}

/** Starts the host and waits until its sshd listens. It lives on when this process ends. */
export async function bootMachine(machine: Machine, bindings: readonly Binding[]): Promise<void> {
  const consoleLog = join(machine.folder, 'console.log')
  const output = openSync(consoleLog, 'a')
  const words = [
    ...['-c', 'for group in $0; do echo $$ > "$group"; done; exec nsenter "$@"', createGroups(machine).join(' ')],
    `--net=/run/netns/${namespaceOf(machine.lab)}`,
    'systemd-nspawn',
    '--quiet',
    '--boot',
    // The machine may run no systemd itself: no registration with machined, no scope unit of its own.
    '--register=no',
    '--keep-unit',
    directoryArgument(machine),
    `--machine=${machineName(machine)}`,
    `--hostname=${machine.name}`,
    `--network-bridge=${bridge}`,
    ...bindings.map(({ from, to }) => `--bind-ro=${from}:${to}`),
  ]
  const child = spawn('sh', words, { detached: true, stdio: ['ignore', output, output] })
  closeSync(output)
  child.unref()
  await until(() => isListening(machine, 22), `sshd of host ${machine.name}`, consoleLog)
}

/** The process that is number 1 inside the host, by its number outside. */
export function leaderOf(machine: Machine): number | undefined {
  const container = containerOf(machine)
  return container === undefined ? undefined : childrenOf(container)[0]
}

/** Ends all processes of the host at once, as a power cut would, and lets systemd-nspawn tidy up behind it. */
export async function cutPower(machine: Machine): Promise<void> {
  const leader = leaderOf(machine)
  if (leader !== undefined) await killAll([leader])
  const deadline = Date.now() + 5000
  while (containerOf(machine) !== undefined && Date.now() < deadline) await pause(50)
  await removeTraces(machine)
}

// What systemd-nspawn leaves below /run when it was killed itself.
async function removeTraces(machine: Machine): Promise<void> {
  await rm(join('/run/systemd/nspawn/propagate', machineName(machine)), { recursive: true, force: true })
  if (!existsSync(rootOf(machine))) return
  const { dev, ino } = await stat(rootOf(machine))
  await rm(`/run/systemd/nspawn/locks/inode-${dev}:${ino}`, { force: true })
}

function containerOf(machine: Machine): number | undefined {
  const isContainer = ([command, ...words]: readonly string[]): boolean =>
    command === 'systemd-nspawn' && words.includes(directoryArgument(machine))
  return processesWith(isContainer)[0]
}

/** Whether something listens on that TCP port inside the host. */
export function isListening(machine: Machine, port: number): boolean {
  const leader = leaderOf(machine)
  if (leader === undefined) return false
  const wanted = new RegExp(`:${port.toString(16).toUpperCase().padStart(4, '0')} [0-9A-F]+:0000 0A `)
  return ['tcp', 'tcp6'].some((table) => {
    const file = `/proc/${leader}/net/${table}`
    return existsSync(file) && wanted.test(readFileSync(file, 'utf8'))
  })
}

/** Runs the words inside the host as root, past its sshd; what the lab itself does needs no login. */
export async function runOn(
  machine: Machine,
  words: readonly string[],
  options: { readonly input?: string; readonly nothrow?: boolean } = {},
): Promise<{ readonly stdout: string; readonly stderr: string; readonly exitCode: number | null }> {
  const leader = leaderOf(machine)
  if (leader === undefined) throw new Error(`Host ${machine.name} of the lab is not running`)
  const enter = ['--target', String(leader), '--mount', '--uts', '--ipc', '--net', '--pid']
  const environment = [
    '--ignore-environment',
    '--chdir=/',
    'PATH=/usr/sbin:/usr/bin:/sbin:/bin',
    'HOME=/root',
    'LC_ALL=C.UTF-8',
  ]
  return $({
    ...reading(options.input),
    nothrow: options.nothrow ?? false,
  })`nsenter ${enter} env ${environment} ${words}`
}

export async function until(condition: () => boolean | Promise<boolean>, what: string, log?: string): Promise<void> {
  const deadline = Date.now() + 120_000
  while (!(await condition())) {
    if (Date.now() > deadline) {
      const told = log !== undefined && existsSync(log) ? `:\n${readFileSync(log, 'utf8').slice(-2000)}` : ''
      throw new Error(`Waited two minutes for ${what}${told}`)
    }
    await pause(100)
  }
}

function directoryArgument(machine: Machine): string {
  return `--directory=${rootOf(machine)}`
}

function machineName(machine: Machine): string {
  return `${machine.lab}-${machine.name}`
}
