import { join } from 'node:path'
import type { RunEvent } from '../../engine/events.ts'
import type { RunOutcome } from '../../engine/run.ts'
import { checksOf, verificationTable, type Check } from '../../report/verification.ts'
import type { RunOptions } from '../options.ts'
import { loadCheckedPlaybook, requireSomeHost } from '../checked-playbook.ts'
import { checkVaultPassword } from '../check-vault-password.ts'
import { exitCodeOfRun, exitCodes } from '../exit-code.ts'
import { openInventory } from '../open-inventory.ts'
import { packageRoot } from '../package-root.ts'
import type { ProcessView } from '../process.ts'
import { reported } from '../reported.ts'
import { runPlaybook } from '../run-playbook.ts'

/** `elkseal verify`: runs playbooks/verify.yml, which only looks, and shows what it saw as a table. */
export async function verifyCommand(given: RunOptions, view: ProcessView): Promise<number> {
  const options: RunOptions = { ...given, tags: [], skipTags: [] }
  return reported(options, view, async (reporter) => {
    const opened = openInventory(options, view, join(packageRoot(), 'playbooks'))
    reporter.learn(opened.redactor)
    const playbook = loadCheckedPlaybook(join(packageRoot(), 'playbooks', 'verify.yml'), { opened, options })
    requireSomeHost([playbook], { opened, options, view })
    checkVaultPassword({ opened, options, view })
    const checks: Check[] = []
    const listen = (event: RunEvent) => {
      if (event.event === 'task') checks.push(...checksOf(event))
      reporter.listen(event)
    }
    const outcome = await runPlaybook(playbook, { opened, options, view, journaled: false }, listen)
    await reporter.finish()
    return conclude(checks, outcome, { options, view, redact: (text) => opened.redactor.redact(text) })
  })
}

interface Output {
  readonly options: RunOptions
  readonly view: ProcessView
  readonly redact: (text: string) => string
}

/** Nothing seen is not verified: a run without a check, or with a host that did not answer, is not ok. */
function conclude(checks: readonly Check[], outcome: RunOutcome, { options, view, redact }: Output): number {
  const ranWell = exitCodeOfRun(outcome) === exitCodes.ok
  const ok = ranWell && checks.length > 0 && checks.every((check) => check.ok)
  if (options.output === 'json') {
    view.stdout.write(redact(`${JSON.stringify({ event: 'verify', ok, checks })}\n`))
  } else {
    const color = view.stdout.isTerminal && view.env['NO_COLOR'] === undefined
    const verdict = ok
      ? `${String(checks.length)} checks, all as they should be`
      : checks.length === 0
        ? 'NOT verified: nothing could be checked'
        : 'NOT as it should be'
    const table = checks.length === 0 ? '' : `\n${verificationTable(checks, color)}\n`
    view.stdout.write(redact(`${table}\n${verdict}\n`))
  }
  if (!ranWell) return exitCodeOfRun(outcome)
  return ok ? exitCodes.ok : exitCodes.failed
}
