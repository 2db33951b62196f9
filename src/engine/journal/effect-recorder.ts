import type { Become } from '../../connection/connection.ts'
import type { Subject } from '../../facts/question.ts'
import type { Effect } from '../../modules/effect.ts'
import type { ChangeDecision, Look, Module } from '../../modules/module.ts'
import type { Task } from '../../playbook/playbook.ts'
import type { Stage } from '../attempt.ts'
import type { BackupPlace } from '../effects/backup-folder.ts'
import { effectDescription } from '../effects/effect-description.ts'
import type { Performer } from '../effects/effect-kind.ts'
import { subjectsOf, undoingOf } from '../effects/effect-kinds.ts'
import type { HostState, Performed } from '../host-state.ts'
import type { Account } from './record.ts'
import type { Machine } from '../machine.ts'
import { neverChanges } from '../never-changes.ts'
import type { RunContext } from '../run-context.ts'
import type { TaskPlace } from '../task-scope.ts'

export interface RecordedTask {
  readonly context: RunContext
  readonly task: Task
  readonly module: Module
  readonly place: TaskPlace
}

export interface Recorded {
  readonly machine: Machine
  readonly state: HostState
  readonly look: Look
  readonly performer: (subjects: readonly Subject[]) => Performer
  readonly backup: BackupPlace | undefined
}

/** Writes effects into the journal, and into what a roll would have to undo on the host. */
export function effectRecorder(parts: RecordedTask, recorded: Recorded): Stage['record'] {
  const { journal } = parts.context
  const { machine, state, backup } = recorded
  const onlyLooks = neverChanges(parts.task) ? { onlyLooks: true } : {}
  const isMade = parts.module.on === 'controller' ? { isMade: true } : {}
  let number = 0
  let latest: Performed | undefined
  return (effect, phase, explain) => {
    if (phase === 'intent') {
      latest = toUndo(effect, explain, recorded)
      if (parts.place.play.roll?.rollback === true && !machine.isController && !neverChanges(parts.task)) {
        state.performed.push(latest)
      }
      const { description, undoing } = latest
      const account = accountOf(machine.become)
      const { name: host } = machine
      number = journal.intend({
        host,
        task: parts.task.name,
        effect: description,
        account,
        undoing,
        backup: backup?.folder,
        ...(backup?.rule?.onlyWhereWritable === true ? { backupIfRoot: true } : {}),
        ...onlyLooks,
        ...isMade,
      })
      return
    }
    if (phase === 'failed' && latest !== undefined) latest.hasFailed = true
    journal.append({ record: 'result', number, ok: phase === 'done' })
  }
}

function toUndo(effect: Effect, explain: ChangeDecision['explain'], { performer, look }: Recorded): Performed {
  return {
    description: effectDescription(effect),
    undoing: undoingOf(effect),
    performer: performer(subjectsOf(effect)),
    stdin: effect.kind === 'set-service' ? effect.stdin : undefined,
    explain: explain === undefined ? undefined : () => explain(look),
    hasFailed: false,
  }
}

/** Without its password. */
function accountOf(become: Become | undefined): Account | undefined {
  if (become === undefined) return undefined
  const { method, user, exe, flags } = become
  return { method, user, exe, flags }
}
