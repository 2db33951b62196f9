import { ConnectionError } from '../../connection/connection.ts'
import type { Play } from '../../playbook/playbook.ts'
import type { BatchRun } from '../batch-run.ts'
import { rollBack, tellUnreachable } from './roll-back.ts'
import type { RunContext } from '../run-context.ts'

/**
 * After a batch of a roll: a host that failed is put back as it was, and so is one that was in the middle when another
 * one's failure stopped the batch: it would be left with some of its files new and some old. Who came through needs no
 * undoing any more.
 */
export async function settleRoll(batch: BatchRun): Promise<void> {
  const { play, hosts, context } = batch
  if (play.roll?.rollback !== true || context.check) return
  const settle = async (host: string): Promise<void> => {
    const state = context.hosts.get(host)
    if (context.interruption.signal.aborted) tellHalfDone(context, host, state?.performed.length ?? 0)
    else if (state?.condition === 'unreachable') await rollBackIfThere(context, play, host)
    else if (state?.condition === 'failed' || batch.isInTheMiddle(host)) await rollBack(context, play, host)
    else state?.performed.splice(0)
  }
  // Together: a node may wait for the others before it calls itself started.
  await Promise.all(hosts.map(settle))
}

/** A connection that was cut, or a command that hung, leaves a host that may well be there for a new connection. */
async function rollBackIfThere(context: RunContext, play: Play, host: string): Promise<void> {
  const [first] = context.hosts.get(host)?.performed ?? []
  try {
    await first?.performer.shell.run({ script: ':' })
  } catch (thrown) {
    if (!(thrown instanceof ConnectionError)) throw thrown
    tellUnreachable(context, host)
    return
  }
  await rollBack(context, play, host)
}

/** Undoing takes a service's time as well: who wants to stop at once is told what stands instead. */
function tellHalfDone(context: RunContext, host: string, changes: number): void {
  const message =
    changes === 0
      ? `"${host}" was stopped before anything was changed on it`
      : `"${host}" is in the middle of its batch: ${String(changes)} changes of this run stand, nothing was undone`
  context.listen({ event: 'notice', level: 'warning', message })
}

/** Where a roll stands that met a host in trouble, and how it goes on. */
export function tellStopped(
  context: RunContext,
  { bad, done, ahead }: { readonly [part in 'bad' | 'done' | 'ahead']: readonly string[] },
): void {
  const where = bad.map((host) => `"${host}"`).join(', ')
  const parts = [
    `The roll stops at ${where}`,
    ...(done.length === 0 ? [] : [`Done: ${done.join(', ')}`]),
    ...(ahead.length === 0 ? [] : [`Not touched: ${ahead.join(', ')}`]),
    'Remove the cause, then run the same command again: it goes on with what is left',
  ]
  context.listen({ event: 'notice', level: 'warning', message: parts.join('. ') })
}
