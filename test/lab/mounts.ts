import { readFileSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { $ } from './shell.ts'

export interface Overlay {
  readonly target: string
  /** Read-only layers, the uppermost first. */
  readonly layers: readonly string[]
  readonly upper: string
  readonly work: string
}

export async function mountOverlay({ target, layers, upper, work }: Overlay): Promise<void> {
  for (const folder of [target, upper, work]) await mkdir(folder, { recursive: true })
  const options = `lowerdir=${layers.join(':')},upperdir=${upper},workdir=${work}`
  await $`mount -t overlay overlay -o ${options} ${target}`
}

/** Mount points at or below the folder, the deepest first. */
export function mountsBelow(folder: string): readonly string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => unescaped(line.split(' ')[4] ?? ''))
    .filter((target) => target === folder || target.startsWith(`${folder}/`))
    .reverse()
}

/** Unmounts and deletes the folder. Never crosses into a file system that could not be unmounted. */
export async function removeTree(folder: string): Promise<void> {
  for (const target of mountsBelow(folder)) await unmount(target)
  if (mountsBelow(folder).length > 0) throw new Error(`Cannot remove ${folder}: something is still mounted below it`)
  await rm(folder, { recursive: true, force: true })
}

// A mount stays busy for some moments after its last process was killed; lazily it goes away when that is over.
async function unmount(target: string): Promise<void> {
  for (let attempt = 0; attempt < 20; attempt++) {
    if ((await $({ nothrow: true })`umount ${target}`).exitCode === 0) return
    await pause(100)
  }
  await $`umount --lazy ${target}`
}

// proc(5): blanks and backslashes in mountinfo are octal escapes.
function unescaped(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
}
