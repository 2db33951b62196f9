import { createHash } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname, userInfo } from 'node:os'
import { pid } from 'node:process'
import type { Surroundings } from './lock-verdict.ts'

/** What Linux tells of this process; elsewhere only its id is known, and no lock is ever proved to be of the dead. */
export function lookAround(): Surroundings {
  return {
    // In a container an account may have no name.
    user: orNothing(() => userInfo().username) ?? 'an account without a name',
    controller: hostname(),
    self: {
      pid,
      startTicks: startTicks(pid),
      boot: orNothing(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
      pidNamespace: orNothing(() => readlinkSync('/proc/self/ns/pid')),
      machine: machineDigest(),
    },
    startTicks,
  }
}

/** Field 22 of /proc/PID/stat, counted behind the name, which may hold blanks. A zombie has ended. */
function startTicks(of: number): string | undefined {
  const fields = orNothing(() =>
    readFileSync(`/proc/${String(of)}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' '),
  )
  return fields === undefined || fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19]
}

/** machine-id(5) asks not to show the id itself. */
function machineDigest(): string | undefined {
  const id = orNothing(() => readFileSync('/etc/machine-id', 'utf8').trim())
  return id === undefined || id === ''
    ? undefined
    : createHash('sha256').update(`elkseal ${id}`).digest('hex').slice(0, 32)
}

function orNothing<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch {
    return undefined
  }
}
