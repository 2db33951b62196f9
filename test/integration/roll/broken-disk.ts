import { execFileSync } from 'node:child_process'
import { chmodSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A folder of a host that takes no file any more. */
export interface BrokenDisk {
  /** What the host says of it. */
  readonly says: RegExp
  mend(): void
}

/** With root a small file system that is full; else the shell of the host may write no file of that size. */
export function fullDisk(home: string): BrokenDisk {
  const folder = join(home, 'config')
  if (process.getuid?.() !== 0) {
    writeFileSync(join(home, 'faults/limit'), '')
    return { says: /File too large/, mend: () => rmSync(join(home, 'faults/limit')) }
  }
  mountOver(folder)
  sh(`dd if=/dev/zero of='${folder}/filler' bs=1k 2>/dev/null || :`)
  return { says: /No space left on device/, mend: () => sh(`umount '${folder}'`) }
}

/** With root a file system that is mounted read-only; else a folder that its owner may not write in. */
export function readOnlyDisk(home: string): BrokenDisk {
  const folder = join(home, 'config')
  if (process.getuid?.() !== 0) {
    chmodSync(folder, 0o555)
    return { says: /Permission denied/, mend: () => chmodSync(folder, 0o755) }
  }
  mountOver(folder)
  sh(`mount -o remount,ro '${folder}'`)
  return { says: /Read-only file system/, mend: () => sh(`umount '${folder}'`) }
}

function mountOver(folder: string): void {
  const room = `${folder}.room`
  sh(`mkdir '${room}'; mount -t tmpfs -o size=96k,mode=755 room '${room}'; cp -a '${folder}/.' '${room}'`)
  sh(`mount --move '${room}' '${folder}'; rmdir '${room}'`)
}

function sh(script: string): void {
  execFileSync('/bin/sh', ['-ec', script], { stdio: ['ignore', 'ignore', 'inherit'] })
}
