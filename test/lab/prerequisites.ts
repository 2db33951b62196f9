import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { Context } from 'mocha'
import { findJdk } from '../support/elasticsearch-distribution.ts'
import { skipFor } from '../support/needs.ts'
import { $ } from './shell.ts'

/** Programs that the lab calls, and the Debian package of each. */
const programs = {
  debootstrap: 'debootstrap',
  'systemd-nspawn': 'systemd-container',
  ip: 'iproute2',
  nsenter: 'util-linux',
  'ssh-keygen': 'openssh-client',
  openssl: 'openssl',
  unzip: 'unzip',
  curl: 'curl',
  mvn: 'maven',
} as const

/** What the lab needs and this machine lacks, in words; empty when a lab can be started. */
export function missingPrerequisites(): readonly string[] {
  const root = process.getuid?.() === 0 ? [] : ['root']
  const jdks = [17, 25].filter((major) => findJdk(major) === undefined).map((major) => `a JDK ${major}`)
  return [...root, ...missingPrograms().map(([program]) => program), ...jdks, ...(isOnPath('go') ? [] : ['go'])]
}

/** Installs what Debian has and this machine lacks, when run as root; then fails if something is still missing. */
export async function ensurePrerequisites(): Promise<void> {
  if (process.getuid?.() === 0) await installMissing()
  const missing = missingPrerequisites()
  if (missing.length > 0) throw new Error(`The lab needs ${missing.join(', ')}`)
}

/** Skips the running test where no lab can be, with the reason; in CI that is a failure. */
export async function needsLab(test: Context): Promise<void> {
  if (process.getuid?.() === 0) await installMissing()
  const missing = missingPrerequisites()
  if (missing.length > 0) skipFor(test, `needs ${missing.join(', ')}`)
}

const debianJdk = 'openjdk-17-jdk-headless'

// A new machine has no package lists; apt waits for another apt instead of failing.
async function installMissing(): Promise<void> {
  const packages = [...missingPrograms().map(([, name]) => name), ...(findJdk(17) === undefined ? [debianJdk] : [])]
  if (packages.length === 0) return
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const apt = $({ env })
  await apt`apt-get -qq -o DPkg::Lock::Timeout=300 update`
  await apt`apt-get -qq -o DPkg::Lock::Timeout=300 install -y --no-install-recommends ${packages}`
}

function missingPrograms(): readonly (readonly [string, string])[] {
  return Object.entries(programs).filter(([program]) => !isOnPath(program))
}

function isOnPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
