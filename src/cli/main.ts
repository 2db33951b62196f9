import { asError, ElksealError, InputError } from '../errors.ts'
import { problemText } from '../report/problem-text.ts'
import { parseArguments } from './arguments.ts'
import { exitCodeOfError, exitCodes } from './exit-code.ts'
import { realProcess, type ProcessView } from './process.ts'

/** Runs one command line. Returns the exit code; never throws. */
export async function main(view: ProcessView = realProcess()): Promise<number> {
  try {
    const command = await parseArguments(view)
    return typeof command === 'number' ? command : await command.execute(view)
  } catch (thrown) {
    return tellError(asError(thrown), view)
  }
}

/** The last resort: expected errors in words, anything else with its trace and a request to report it. */
export function tellError(error: Error, view: ProcessView): number {
  const color = view.stderr.isTerminal && view.env['NO_COLOR'] === undefined
  if (error instanceof InputError) {
    for (const problem of error.problems) view.stderr.write(`${problemText(problem, color)}\n`)
  } else if (error instanceof ElksealError) {
    const { message, hint, position } = error
    view.stderr.write(`${problemText({ message, hint, position }, color)}\n`)
  } else {
    view.stderr.write(
      `elkseal: this is a bug in elkseal, please report it with the text below\n${String(error.stack)}\n`,
    )
    return exitCodes.bug
  }
  return exitCodeOfError(error)
}
