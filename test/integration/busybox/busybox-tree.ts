import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A root tree in which sh and every tool is busybox, as on Alpine: no bash, no coreutils, no getent, no systemd. */
export class BusyboxTree {
  readonly folder = mkdtempSync(join(tmpdir(), 'elkseal-busybox-'))

  /** @param busybox a static one. */
  constructor(busybox: string) {
    for (const folder of ['bin', 'dev', 'etc', 'proc', 'root', 'srv', 'tmp', 'var/lib']) {
      mkdirSync(join(this.folder, folder), { recursive: true })
    }
    copyFileSync(busybox, join(this.folder, 'bin/busybox'))
    execFileSync('chroot', [this.folder, '/bin/busybox', '--install', '-s', '/bin'])
    execFileSync('mknod', ['-m', '666', join(this.folder, 'dev/null'), 'c', '1', '3'])
    writeFileSync(join(this.folder, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\napp:x:1500:1500::/srv:/bin/sh\n')
    writeFileSync(join(this.folder, 'etc/group'), 'root:x:0:\napp:x:1500:\n')
  }

  /** Words that run a shell inside. */
  get shell(): readonly string[] {
    return ['chroot', this.folder, '/bin/sh']
  }

  path(path: string): string {
    return join(this.folder, path)
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}
