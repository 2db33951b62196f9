import { existsSync, writeFileSync, readFileSync } from 'node:fs'
import { $ } from './shell.ts'

export const bridge = 'br0'

export function namespaceOf(lab: string): string {
  return `elkseal-${lab}`
}

/** A network namespace with a bridge in it; nothing of it is visible outside, so two labs may use the same addresses. */
export async function createNetwork(lab: string, gateway: string): Promise<void> {
  const namespace = namespaceOf(lab)
  await $`ip netns add ${namespace}`
  await $`ip -n ${namespace} link set lo up`
  await $`ip -n ${namespace} link add ${bridge} type bridge`
  await $`ip -n ${namespace} addr add ${gateway}/24 dev ${bridge}`
  await $`ip -n ${namespace} link set ${bridge} up`
}

export async function removeNetwork(lab: string): Promise<void> {
  if (hasNetwork(lab)) await $`ip netns delete ${namespaceOf(lab)}`
}

export function hasNetwork(lab: string): boolean {
  return existsSync(`/run/netns/${namespaceOf(lab)}`)
}

/** Processes in the lab's namespace itself; those of its hosts are in namespaces of their own. */
export async function processesInNetwork(lab: string): Promise<readonly number[]> {
  if (!hasNetwork(lab)) return []
  const { stdout } = await $`ip netns pids ${namespaceOf(lab)}`
  return stdout.split('\n').filter(Boolean).map(Number)
}

/** Kernel limits too low for a lab of more than a few hosts, raised when they are lower. */
export function raiseKernelLimits(): void {
  // With 128, the systemd of about the thirteenth host dies: "Failed to create control group inotify object".
  raise('/proc/sys/fs/inotify/max_user_instances', 1024)
  raise('/proc/sys/vm/max_map_count', 262_144)
}

function raise(file: string, least: number): void {
  if (Number(readFileSync(file, 'utf8')) < least) writeFileSync(file, `${least}\n`)
}
