import { ElksealError } from '../../errors.ts'
import type { Cause } from '../../modules/module.ts'
import type { Play } from '../../playbook/playbook.ts'
import type { TaskFinished } from '../events.ts'
import type { Performed } from '../host-state.ts'
import type { RunContext } from '../run-context.ts'
import { undoSteps, type Left } from '../undo/undo-steps.ts'
import { undoEvent } from '../undo/undo-event.ts'

/** Puts a host of a failed roll back as it was before its batch, and tells how it stands now. */
export async function rollBack(context: RunContext, play: Play, host: string): Promise<void> {
  const performed = context.hosts.get(host)?.performed.splice(0) ?? []
  if (performed.length === 0) return
  const started = context.clock.now().getTime()
  const outcome = await undoSteps(performed)
  const left = outcome.left.filter((one) => !isUnmade(one))
  const verdict = left.length === 0 ? undone(performed) : await notUndone(left, { performed, host })
  const durationMs = context.clock.now().getTime() - started
  context.journal.append({ record: 'rolled-back', host, ok: left.length === 0 })
  context.listen({ ...undoEvent, play: play.name, host, ...verdict, durationMs })
}

/** A host that went away in the middle cannot be put back; what stands on it is told. */
export function tellUnreachable(context: RunContext, host: string): void {
  const performed = context.hosts.get(host)?.performed.splice(0) ?? []
  if (performed.length === 0) return
  const changes = performed.map(({ description }) => description).join('; ')
  const message = `"${host}" went away in the middle of its batch, nothing was undone. Done there, the last perhaps in part: ${changes}. When it is back, run the same command again`
  context.listen({ event: 'notice', level: 'warning', message })
}

type Verdict = Pick<TaskFinished, 'status' | 'summary' | 'hint'>

function undone(performed: readonly Performed[]): Verdict {
  const changes = performed.filter((one) => !one.hasFailed).length
  const summary = changes === 0 ? 'nothing had been changed on it' : `undone: ${counted(changes, 'change')} of this run`
  return { status: 'rescued', summary, hint: undefined }
}

async function notUndone(
  left: readonly Left<Performed>[],
  { performed, host }: { readonly performed: readonly Performed[]; readonly host: string },
): Promise<Verdict> {
  const service = left.find(({ step }) => step.undoing?.kind === 'service')
  if (service?.step.undoing?.kind === 'service' && left.length === 1) {
    const cause = await causeOf(service)
    return {
      status: 'failed',
      summary: `its files are as they were before, but service "${service.step.undoing.name}" does not run with them: ${cause.message}`,
      hint: `"${host}" is down: remove the cause${cause.hint === undefined ? '' : ` (${cause.hint})`}, then run the same command again, which starts it and goes on`,
    }
  }
  const named = left.map(({ step, error }) => [step.description, error?.message].filter(Boolean).join(': '))
  const backups = performed[0]?.performer.backupDir ?? ''
  return {
    status: 'failed',
    summary: `${String(left.length)} of ${counted(performed.length, 'change')} could not be undone: ${named.join('; ')}`,
    hint: `The old versions are in "${backups}" on "${host}", with their paths in "manifest"`,
  }
}

async function causeOf({ step, error }: Left<Performed>): Promise<Cause> {
  const found = await step.explain?.().catch(unlessOurBug)
  return found ?? { message: error?.message ?? 'it was not tried', hint: error?.hint }
}

function unlessOurBug(thrown: unknown): undefined {
  if (!(thrown instanceof ElksealError)) throw thrown
}

/** What is replaced is saved first: where nothing was saved, an effect that failed had not begun. */
function isUnmade({ step, notSaved }: Left<Performed>): boolean {
  return notSaved && step.hasFailed
}

export function counted(count: number, noun: string): string {
  return `${String(count)} ${noun}${count === 1 ? '' : 's'}`
}
