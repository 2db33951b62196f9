import { InputError, type ElksealError } from '../errors.ts'
import type { Reporter } from '../report/reporter.ts'

/** An expected error as events, in the format that the user chose. */
export function reportProblems(error: ElksealError, reporter: Reporter): void {
  const { message, hint, position } = error
  const problems = error instanceof InputError ? error.problems : [{ message, hint, position }]
  for (const problem of problems) reporter.listen({ event: 'problem', problem })
}
