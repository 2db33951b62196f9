import { locksOf, type LocksOfHosts } from '../../engine/lock/unlock-hosts.ts'
import type { RunEvent } from '../../engine/events.ts'
import { UsageError } from '../../errors.ts'
import type { Inventory } from '../../inventory/inventory.ts'
import { lockLine, locksTable } from '../../report/locks-table.ts'
import type { Reporter } from '../../report/reporter.ts'
import { exitCodes } from '../exit-code.ts'
import { limitedHosts } from '../limit.ts'
import { openInventory, type OpenedInventory } from '../open-inventory.ts'
import { openRun } from '../open-run.ts'
import type { RunOptions, UnlockOptions } from '../options.ts'
import type { ProcessView } from '../process.ts'
import { reported } from '../reported.ts'

/** `elkseal unlock`: shows the locks on the hosts; with --id removes those of that run, and no others. */
export async function unlockCommand(options: UnlockOptions, view: ProcessView): Promise<number> {
  return reported(options, view, async (reporter) => {
    const opened = openInventory(options, view)
    reporter.learn(opened.redactor)
    const found = await askHosts(opened, { options, view, listen: (event) => reporter.listen(event) })
    tellTroubles(found, reporter)
    await reporter.finish()
    if (options.id !== undefined && found.troubles.every(({ unreachable }) => !unreachable))
      requireSome(found, options.id)
    view.stdout.write(opened.redactor.redact(shown(found, options, view)))
    return found.troubles.some(({ unreachable }) => unreachable) ? exitCodes.unreachable : exitCodes.ok
  })
}

interface Asking {
  readonly options: UnlockOptions
  readonly view: ProcessView
  readonly listen: (event: RunEvent) => void
}

async function askHosts(opened: OpenedInventory, { options, view, listen }: Asking): Promise<LocksOfHosts> {
  const runOptions: RunOptions = { ...options, tags: [], skipTags: [] }
  const playbook = { file: 'unlock', plays: [] }
  const context = openRun(playbook, { opened, options: runOptions, view, listen, journaled: false })
  try {
    return await locksOf(context, hostsOf(opened.inventory, options, view), options.id)
  } finally {
    await context.pool.closeAll()
  }
}

function hostsOf(inventory: Inventory, { limit }: UnlockOptions, view: ProcessView): readonly string[] {
  return [...(limitedHosts(inventory, limit, view.cwd) ?? inventory.hosts.keys())]
}

function requireSome({ locks }: LocksOfHosts, id: string): void {
  if (locks.some(({ removed }) => removed)) return
  throw new UsageError(`No host has a lock of run "${id}"`, { hint: 'elkseal unlock without --id shows all locks' })
}

function tellTroubles({ troubles }: LocksOfHosts, reporter: Reporter): void {
  for (const { host, error, unreachable } of troubles) {
    const { message, hint } = error
    if (unreachable) reporter.listen({ event: 'problem', problem: { message, hint } })
    else
      reporter.listen({
        event: 'notice',
        level: 'warning',
        message: `"${host}" was looked at as one account only: ${message}`,
      })
  }
}

function shown({ locks }: LocksOfHosts, options: UnlockOptions, view: ProcessView): string {
  const wanted = options.id === undefined ? locks : locks.filter(({ removed }) => removed)
  if (options.output === 'json') return wanted.map((lock) => `${lockLine(lock)}\n`).join('')
  if (wanted.length === 0) return 'No locks\n'
  const color = view.stdout.isTerminal && view.env['NO_COLOR'] === undefined
  return `${locksTable(wanted, color)}\n`
}
