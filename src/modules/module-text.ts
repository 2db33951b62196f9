import type { Values } from './module.ts'

/** A command's output as Ansible registers it: without line ends at its end, and split into lines. */
export function commandResult(values: Values, cmd: unknown): Values {
  const stdout = withoutLastLineEnd(values['stdout'])
  const stderr = withoutLastLineEnd(values['stderr'])
  return { ...values, cmd, stdout, stderr, stdout_lines: linesOf(stdout), stderr_lines: linesOf(stderr) }
}

function withoutLastLineEnd(text: unknown): string {
  return typeof text === 'string' ? text.replace(/[\r\n]+$/, '') : ''
}

function linesOf(text: string): readonly string[] {
  return text === '' ? [] : text.split(/\r\n|\r|\n/)
}

/** One line of text for a summary, cut where it gets long. */
export function brief(text: string, length = 100): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length > length ? `${line.slice(0, length - 1)}…` : line
}
