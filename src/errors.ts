/** A place in a file the user wrote. Lines and columns count from 1. */
export interface Position {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** One thing that is wrong with the user's input. Collected, never thrown one by one. */
export interface Problem {
  readonly message: string
  readonly position?: Position | undefined
  /** What to do instead; safe to paste when it is a command. */
  readonly hint?: string | undefined
}

export interface ErrorDetails {
  readonly hint?: string | undefined
  readonly position?: Position | undefined
  readonly cause?: unknown
}

/**
 * Base of all errors we expect. `message` is one sentence: capital first, no period, the thing's name in quotes.
 * Anything that is not an ElksealError is our bug (exit code 250).
 */
export class ElksealError extends Error {
  readonly hint: string | undefined
  readonly position: Position | undefined

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = new.target.name
    this.hint = details.hint
    this.position = details.position
  }
}

/** The command line is wrong. Exit code 1. */
export class UsageError extends ElksealError {}

/** Files the user wrote are wrong: all problems of one stage together. Exit code 1. */
export class InputError extends ElksealError {
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    super(problems.map((problem) => problem.message).join('; '), { position: problems[0]?.position })
    this.problems = problems
  }
}

/** A task cannot do what it was asked: the host's state or the arguments forbid it. The host is failed; exit code 2. */
export class TaskError extends ElksealError {}

/** Throws an InputError if anything was collected. */
export function throwProblems(problems: readonly Problem[]): void {
  if (problems.length > 0) throw new InputError(problems)
}

/** Any thrown value as an Error, so that wrapping code has one shape to deal with. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}

export function renderPosition(position: Position): string {
  return `${position.file}:${String(position.line)}:${String(position.column)}`
}

const fileErrors: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'permission denied',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is no folder',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
}

/** Why a file of the controller cannot be read or written, in words; Node's own text repeats the path. */
export function fileErrorText(thrown: unknown): string {
  const { code } = thrown as NodeJS.ErrnoException
  return fileErrors[code ?? ''] ?? asError(thrown).message
}
