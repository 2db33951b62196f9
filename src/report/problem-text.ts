import { readFileSync } from 'node:fs'
import { renderPosition, type Position, type Problem } from '../errors.ts'
import { dye, printable } from './style.ts'

/** A problem as a person reads it: place, message, the line itself with a caret, what to do. */
export function problemText(problem: Problem, color: boolean): string {
  const place = problem.position === undefined ? '' : `${renderPosition(problem.position)}: `
  const lines = [`${place}${dye('error', ['bold', 'red'], color)}: ${printable(problem.message)}`]
  const excerpt = problem.position === undefined ? undefined : sourceLine(problem.position)
  if (excerpt !== undefined && problem.position !== undefined) {
    lines.push(
      `  ${dye(excerpt, 'dim', color)}`,
      `  ${' '.repeat(problem.position.column - 1)}${dye('^', 'red', color)}`,
    )
  }
  if (problem.hint !== undefined) lines.push(`  ${problem.hint}`)
  return lines.join('\n')
}

/** The line of the file, unless it looks as if it held a secret or is not to be read. */
function sourceLine(position: Position): string | undefined {
  try {
    const line = readFileSync(position.file, 'utf8').split('\n')[position.line - 1]
    if (line === undefined || line.trim() === '' || line.length > 200 || /pass|secret|token|key:/i.test(line))
      return undefined
    return printable(line.trimEnd())
  } catch {
    return undefined
  }
}
