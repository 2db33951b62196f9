import { ElksealError } from '../../errors.ts'
import type { Play } from '../../playbook/playbook.ts'
import { Secret } from '../../secrets/secret.ts'
import type { Scope } from '../../vars/scope.ts'
import type { Performer } from '../effects/effect-kind.ts'
import { actingShell } from '../environment.ts'
import type { Change } from '../journal/run-story.ts'
import { controllerMachine, controllerName, hostMachine, readerOf, shellOf, type Machine } from '../machine.ts'
import type { RunContext } from '../run-context.ts'
import { taskScope, type TaskPlace } from '../task-scope.ts'
import type { UndoGroup } from './undo-plan.ts'
import type { UndoStep } from './undo-steps.ts'

/** A change of the journal, as it is undone on its host. */
export interface ChangeStep extends UndoStep {
  readonly change: Change
}

/** The steps of a host that nobody else is at work on, or why it cannot be begun. */
export async function permittedSteps(
  context: RunContext,
  play: Play,
  { host, changes }: UndoGroup,
): Promise<readonly ChangeStep[] | ElksealError> {
  const scope = scopeOf(context, play, host)
  try {
    const steps: ChangeStep[] = []
    for (const change of changes) {
      const machine = machineOf(context, change, scope)
      await context.lock.permit({ ...machine, scope, shell: () => shellOf(machine) })
      steps.push(stepOf(context, change, { machine, scope }))
    }
    return steps
  } catch (thrown) {
    if (thrown instanceof ElksealError) return thrown
    throw thrown
  }
}

function stepOf(
  context: RunContext,
  change: Change,
  { machine, scope }: { readonly machine: Machine; readonly scope: Scope },
): ChangeStep {
  const { undoing } = change
  return {
    change,
    description: change.effect,
    undoing,
    performer: performerOf(context, change, machine),
    stdin: undoing?.kind === 'service' && undoing.asksPassword ? keystorePassword(scope) : undefined,
  }
}

function scopeOf(context: RunContext, play: Play, host: string): Scope {
  const place: TaskPlace = { play, varsFiles: [], inherited: play.common, playHosts: [], batchHosts: [] }
  return taskScope(context, host, place)
}

function machineOf(context: RunContext, { host, account }: Change, scope: Scope): Machine {
  if (host === controllerName && !context.inventory.hosts.has(host)) return controllerMachine(context)
  const keywords = { tags: [], vars: {}, when: [], become: account !== undefined }
  if (account === undefined) return hostMachine(context, host, scope, keywords)
  const { method, user, exe, flags } = account
  const more = { becomeMethod: method, becomeUser: user, becomeExe: exe, becomeFlags: flags }
  return hostMachine(context, host, scope, { ...keywords, ...more })
}

function performerOf(context: RunContext, { backup, backupIfRoot }: Change, machine: Machine): Performer {
  return {
    shell: actingShell(
      () => shellOf(machine),
      '',
      () => undefined,
    ),
    reader: readerOf(machine, undefined),
    backupDir: backup,
    backupRule: { keep: Infinity, onlyWhereWritable: backupIfRoot === true },
    clock: context.clock,
  }
}

/** The password of a keystore is in no journal. */
function keystorePassword(scope: Scope): Secret | undefined {
  const name = 'elasticsearch_keystore_password'
  if (!scope.has(name)) return undefined
  const value = scope.variable(name)
  return new Secret(`${value instanceof Secret ? value.reveal() : String(value)}\n`)
}
