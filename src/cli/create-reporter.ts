import type { RunEvent } from '../engine/events.ts'
import { jsonReporter } from '../report/json-lines.ts'
import { plainReporter } from '../report/plain.ts'
import type { Reporter, ReportTarget } from '../report/reporter.ts'
import { Redactor } from '../secrets/redactor.ts'
import type { OutputOptions } from './options.ts'
import type { ProcessView, Sink } from './process.ts'

/** A reporter that exists before the secrets are known, and learns them when they are. */
export interface CommandReporter extends Reporter {
  learn(redactor: Redactor): void
}

/** The report in the chosen format; `auto` is live on a terminal and plain elsewhere. */
export async function createReporter(options: OutputOptions, view: ProcessView): Promise<CommandReporter> {
  let redactor = new Redactor()
  const target: ReportTarget = {
    write: view.stdout.write,
    color: usesColor(view),
    columns: view.stdout.columns,
    verbosity: options.verbose,
    get redactor() {
      return redactor
    },
  }
  const reporter = await reporterOf(options, view.stdout, target, view)
  return {
    listen: (event) => reporter.listen(event),
    finish: () => reporter.finish(),
    learn: (known) => {
      redactor = known
    },
  }
}

async function reporterOf(
  options: OutputOptions,
  stdout: Sink,
  target: ReportTarget,
  view: ProcessView,
): Promise<Reporter> {
  if (options.output === 'json') return jsonReporter(target)
  const problems = problemsToStderr(target, view)
  if (options.output === 'live' && !stdout.isTerminal) {
    view.stderr.write('[WARNING]: "--output live" needs a terminal: the report is plain\n')
  }
  if (options.output === 'plain' || !stdout.isTerminal) return problems(plainReporter(target))
  // Only a terminal needs what draws on it.
  const { liveReporter } = await import('../report/live.ts')
  return problems(liveReporter(target))
}

/** Problems of the input are errors: they go to standard error, so that a pipe does not hide them. */
function problemsToStderr(target: ReportTarget, view: ProcessView): (reporter: Reporter) => Reporter {
  const errors = plainReporter({ ...target, write: view.stderr.write })
  return (reporter) => ({
    listen: (event: RunEvent) => (event.event === 'problem' ? errors : reporter).listen(event),
    finish: () => reporter.finish(),
  })
}

function usesColor(view: ProcessView): boolean {
  if (view.env['NO_COLOR'] !== undefined && view.env['NO_COLOR'] !== '') return false
  if (view.env['FORCE_COLOR'] !== undefined) return view.env['FORCE_COLOR'] !== '0'
  return view.stdout.isTerminal
}
