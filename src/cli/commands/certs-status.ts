import { join } from 'node:path'
import type { RunEvent } from '../../engine/events.ts'
import { asError, ElksealError } from '../../errors.ts'
import { certificatesTable, statusOf, type CertificateStatus } from '../../report/certificates-table.ts'
import type { RunOptions } from '../options.ts'
import { loadCheckedPlaybook } from '../checked-playbook.ts'
import { createReporter } from '../create-reporter.ts'
import { exitCodeOfError, exitCodeOfRun } from '../exit-code.ts'
import { openInventory } from '../open-inventory.ts'
import { packageRoot } from '../package-root.ts'
import type { ProcessView } from '../process.ts'
import { reportProblems } from '../report-problems.ts'
import { runPlaybook } from './run.ts'

/** `elkseal certs`: runs playbooks/certs.yml, which only looks, and shows what it saw. What is due is no failure. */
export async function certsStatusCommand(given: RunOptions, view: ProcessView): Promise<number> {
  const options: RunOptions = { ...given, tags: [], skipTags: [] }
  const reporter = await createReporter(options, view)
  try {
    const folder = join(packageRoot(), 'playbooks')
    const opened = openInventory(options, view, folder)
    reporter.learn(opened.redactor)
    const playbook = loadCheckedPlaybook(join(folder, 'certs.yml'), opened, options)
    const nodes: CertificateStatus[] = []
    const listen = (event: RunEvent) => {
      const status = event.event === 'task' ? statusOf(event) : undefined
      if (status !== undefined) nodes.push(status)
      if (isTrouble(event)) reporter.listen(event)
    }
    const outcome = await runPlaybook(playbook, { opened, options, view, journaled: false }, listen)
    await reporter.finish()
    view.stdout.write(opened.redactor.redact(shown(nodes, options, view)))
    return exitCodeOfRun(outcome)
  } catch (thrown) {
    const error = asError(thrown)
    if (!(error instanceof ElksealError)) throw error
    reportProblems(error, reporter)
    await reporter.finish()
    return exitCodeOfError(error)
  }
}

/** The looks that went well are in the table. */
function isTrouble(event: RunEvent): boolean {
  if (event.event === 'task') return event.status === 'failed' || event.status === 'unreachable'
  return event.event === 'notice' || event.event === 'problem'
}

function shown(nodes: readonly CertificateStatus[], options: RunOptions, view: ProcessView): string {
  const sorted = nodes.toSorted((a, b) => a.host.localeCompare(b.host, 'en', { numeric: true }))
  if (options.output === 'json') {
    return sorted.map((node) => `${JSON.stringify({ event: 'certificate', ...node })}\n`).join('')
  }
  const color = view.stdout.isTerminal && view.env['NO_COLOR'] === undefined
  return sorted.length === 0 ? '' : `${certificatesTable(sorted, color)}\n`
}
