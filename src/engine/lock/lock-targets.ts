import { ElksealError } from '../../errors.ts'
import type { Inherited, Item, Play } from '../../playbook/playbook.ts'
import { connectionSettings } from '../../vars/connection-variables.ts'
import type { Scope } from '../../vars/scope.ts'
import { hostMachine, shellOf } from '../machine.ts'
import { playHosts } from '../play-hosts.ts'
import type { RunContext } from '../run-context.ts'
import { placeOf } from '../run-play.ts'
import { taskScope } from '../task-scope.ts'
import { isTrue } from '../values.ts'
import type { LockTarget } from './run-lock.ts'

/** Every host of the playbook, with the first play that selects it. What only a later task can tell is left out. */
export function hostsOfPlays(context: RunContext): ReadonlyMap<string, Play> {
  const hosts = new Map<string, Play>()
  for (const play of context.playbook.plays) {
    const selected = unlessUnknown(() => playHosts(context, play)) ?? []
    for (const host of selected) if (!hosts.has(host)) hosts.set(host, play)
  }
  return hosts
}

/** A host as the play reaches it. */
export function playTarget(context: RunContext, play: Play, host: string): LockTarget {
  const scope = taskScope(context, host, placeOf(context, play, { playHosts: [host], batchHosts: [host] }))
  const machine = hostMachine(context, host, scope, accountOf(play))
  return { name: host, isController: machine.isController, scope, shell: () => shellOf(machine) }
}

/** Hosts that are this machine, and such for which it is switched off. */
export function needsLock({ name, isController, scope }: LockTarget, context: RunContext): boolean {
  if (isController || connectionSettings(name, scope, context.connectionDefaults).transport === 'local') return false
  return !scope.has('elkseal_lock') || isTrue(scope.variable('elkseal_lock'))
}

export function lockFolder(scope: Scope): string | undefined {
  return scope.has('elkseal_lock_dir') ? String(scope.variable('elkseal_lock_dir')) : undefined
}

/** The play's account, or that of its first task that takes another: two runs must look for the lock in one place. */
function accountOf(play: Play): Inherited {
  if (play.common.become !== undefined) return play.common
  const found = firstBecoming([...play.preTasks, ...play.tasks, ...play.postTasks, ...play.handlers])
  return found ?? play.common
}

function firstBecoming(items: readonly Item[]): Inherited | undefined {
  for (const item of items) {
    if (item.common.become !== undefined) return item.common
    const inside = item.kind === 'block' ? firstBecoming([...item.block, ...item.rescue, ...item.always]) : undefined
    if (inside !== undefined) return inside
  }
  return undefined
}

/** Variables that an earlier task has yet to set. */
export function unlessUnknown<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch (thrown) {
    if (thrown instanceof ElksealError) return undefined
    throw thrown
  }
}
