import { asError, ElksealError } from '../errors.ts'
import { createReporter } from './create-reporter.ts'
import { exitCodeOfError } from './exit-code.ts'
import type { ProcessView } from './process.ts'
import { reportProblems } from './report-problems.ts'

/** A command with the report of its options: what goes wrong, but for our own bugs, is told in the format chosen. */
export async function reported(
  options: Parameters<typeof createReporter>[0],
  view: ProcessView,
  work: (reporter: Awaited<ReturnType<typeof createReporter>>) => Promise<number>,
): Promise<number> {
  const reporter = await createReporter(options, view)
  try {
    return await work(reporter)
  } catch (thrown) {
    const error = asError(thrown)
    if (!(error instanceof ElksealError)) throw error
    reportProblems(error, reporter)
    return exitCodeOfError(error)
  } finally {
    await reporter.finish()
  }
}
