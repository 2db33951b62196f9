import { ElksealError } from '../errors.ts'
import type { Cause } from '../modules/module.ts'
import type { Play } from '../playbook/playbook.ts'
import { effectDescription } from './effect-description.ts'
import { undoEffects, type Left } from './effects/effect-kinds.ts'
import type { TaskFinished } from './events.ts'
import type { Performed } from './host-state.ts'
import type { RunContext } from './run-context.ts'

/** Puts a host of a failed roll back as it was before its batch, and tells how it stands now. */
export async function rollBack(context: RunContext, play: Play, host: string): Promise<void> {
  const performed = context.hosts.get(host)?.performed.splice(0) ?? []
  const [first] = performed
  if (first === undefined) return
  const started = context.clock.now().getTime()
  const effects = performed.map((one) => one.effect)
  const left = (await undoEffects(effects, first.performer)).filter((one) => !isUnmade(one, performed))
  const verdict = left.length === 0 ? undone(performed) : await notUndone(left, { performed, host })
  const durationMs = context.clock.now().getTime() - started
  context.listen({ ...emptyEvent, play: play.name, host, ...verdict, durationMs })
}

/** A host that went away in the middle cannot be put back; what stands on it is told. */
export function tellUnreachable(context: RunContext, host: string): void {
  const performed = context.hosts.get(host)?.performed.splice(0) ?? []
  if (performed.length === 0) return
  const changes = performed.map(({ effect }) => effectDescription(effect)).join('; ')
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
  left: readonly Left[],
  { performed, host }: { readonly performed: readonly Performed[]; readonly host: string },
): Promise<Verdict> {
  const service = left.find(({ effect }) => effect.kind === 'set-service')?.effect
  if (service?.kind === 'set-service' && left.length === 1) {
    const cause = await causeOf(left[0], performed)
    return {
      status: 'failed',
      summary: `its files are as they were before, but service "${service.name}" does not run with them: ${cause.message}`,
      hint: `"${host}" is down: remove the cause${cause.hint === undefined ? '' : ` (${cause.hint})`}, then run the same command again, which starts it and goes on`,
    }
  }
  const named = left.map(({ effect, error }) => [effectDescription(effect), error?.message].filter(Boolean).join(': '))
  const backups = performed[0]?.performer.backupDir ?? ''
  return {
    status: 'failed',
    summary: `${String(left.length)} of ${counted(performed.length, 'change')} could not be undone: ${named.join('; ')}`,
    hint: `The old versions are in "${backups}" on "${host}", with their paths in "manifest"`,
  }
}

async function causeOf(left: Left | undefined, performed: readonly Performed[]): Promise<Cause> {
  const explain = performed.findLast(({ effect }) => effect === left?.effect)?.explain
  const found = await explain?.().catch(unlessOurBug)
  return found ?? { message: left?.error?.message ?? 'it was not tried', hint: left?.error?.hint }
}

function unlessOurBug(thrown: unknown): undefined {
  if (!(thrown instanceof ElksealError)) throw thrown
}

/** What is replaced is saved first: where nothing was saved, an effect that failed had not begun. */
function isUnmade({ effect, error }: Left, performed: readonly Performed[]): boolean {
  if (effect.kind === 'run-command' || effect.kind === 'http-request') return false
  if (error !== undefined) return false
  return performed.some((one) => one.effect === effect && one.hasFailed)
}

function counted(count: number, noun: string): string {
  return `${String(count)} ${noun}${count === 1 ? '' : 's'}`
}

const emptyEvent: Omit<TaskFinished, 'play' | 'host' | 'status' | 'summary' | 'hint' | 'durationMs'> = {
  event: 'task',
  task: 'Put the host back as it was',
  delegatedTo: undefined,
  module: 'rollback',
  changes: [],
  diffs: [],
  result: {},
  item: undefined,
  noLog: false,
}
