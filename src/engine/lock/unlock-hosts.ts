import type { Shell } from '../../connection/connection.ts'
import { ElksealError } from '../../errors.ts'
import type { Inherited, Play } from '../../playbook/playbook.ts'
import { hostMachine, shellOf } from '../machine.ts'
import type { RunContext } from '../run-context.ts'
import { taskScope } from '../task-scope.ts'
import { parseLockAnswer, probeScript, removeScript, type FoundLock } from './lock-scripts.ts'
import { lookAround } from './controller-process.ts'
import { lockFolder, needsLock } from './lock-targets.ts'
import { judgeLock, type Verdict } from './lock-verdict.ts'

export interface LockOnHost {
  readonly host: string
  readonly found: FoundLock
  readonly verdict: Verdict
  readonly removed: boolean
}

export interface LocksOfHosts {
  readonly locks: readonly LockOnHost[]
  /** Hosts that could not be looked at as any account, or not as one of the two. */
  readonly troubles: readonly { readonly host: string; readonly error: ElksealError; readonly unreachable: boolean }[]
}

/** The locks on these hosts; those of the run `id` are removed if one is given. */
export async function locksOf(context: RunContext, hosts: readonly string[], id?: string): Promise<LocksOfHosts> {
  const each = await Promise.all(hosts.map((host) => locksOfHost(context, host, id)))
  return { locks: each.flatMap((one) => one.locks), troubles: each.flatMap((one) => one.troubles) }
}

/** A run may have locked it as root or, by a playbook without become, as the account that logs in. */
async function locksOfHost(context: RunContext, host: string, id: string | undefined): Promise<LocksOfHosts> {
  const answers = await Promise.all([true, false].map((become) => asAccount(context, { host, id, become })))
  const locks = new Map(answers.flatMap(({ locks: some }) => some.map((lock) => [lock.found.lock, lock] as const)))
  const errors = answers.flatMap(({ error }) => (error === undefined ? [] : [error]))
  const unreachable = errors.length === answers.length
  const [error] = errors
  return { locks: [...locks.values()], troubles: error === undefined ? [] : [{ host, error, unreachable }] }
}

interface Asking {
  readonly host: string
  readonly id: string | undefined
  readonly become: boolean
}

async function asAccount(
  context: RunContext,
  { host, id, become }: Asking,
): Promise<{ readonly locks: readonly LockOnHost[]; readonly error?: ElksealError }> {
  try {
    const keywords: Inherited = { ...nothing, become }
    const scope = taskScope(context, host, { ...anyPlace, inherited: keywords, playHosts: [host], batchHosts: [host] })
    const found = hostMachine(context, host, scope, keywords)
    const machine = become ? found : { ...found, become: undefined }
    if (!needsLock({ name: host, isController: machine.isController, scope, shell: () => shellOf(machine) }, context)) {
      return { locks: [] }
    }
    return { locks: await ask(await shellOf(machine), { host, id, folder: lockFolder(scope) }) }
  } catch (thrown) {
    if (!(thrown instanceof ElksealError)) throw thrown
    return { locks: [], error: thrown }
  }
}

async function ask(
  shell: Shell,
  { host, id, folder }: { readonly host: string; readonly id: string | undefined; readonly folder: string | undefined },
): Promise<readonly LockOnHost[]> {
  const output = await shell.run({ script: id === undefined ? probeScript(folder) : removeScript(folder, id) })
  const { found, removed } = parseLockAnswer(output.stdout.toString())
  const around = lookAround()
  return found.map((lock) => ({
    host,
    found: lock,
    verdict: judgeLock(lock, '', around),
    removed: removed.includes(lock.lock),
  }))
}

const nothing: Inherited = { tags: [], vars: {}, when: [] }

/** No playbook is read: variables come from the inventory. */
const anyPlay: Play = {
  name: 'unlock',
  hosts: 'all',
  position: { file: 'unlock', line: 1, column: 1 },
  serial: [],
  order: 'inventory',
  maxFailPercentage: undefined,
  anyErrorsFatal: false,
  gatherFacts: false,
  vars: {},
  varsFiles: [],
  common: nothing,
  roll: undefined,
  preTasks: [],
  tasks: [],
  postTasks: [],
  handlers: [],
  folder: '/',
}

const anyPlace = { play: anyPlay, varsFiles: [] }
