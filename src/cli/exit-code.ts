import { ConnectionError } from '../connection/connection.ts'
import { Interrupted } from '../engine/interruption.ts'
import type { RunOutcome } from '../engine/run.ts'
import { ElksealError } from '../errors.ts'

/** As Ansible's where it is unambiguous; see docs/errors.md. */
export const exitCodes = {
  ok: 0,
  input: 1,
  failed: 2,
  moved: 3,
  unreachable: 4,
  interrupted: 99,
  bug: 250,
} as const

export function exitCodeOfRun(outcome: RunOutcome): number {
  if (outcome.interrupted) return exitCodes.interrupted
  if (outcome.unreachable.length > 0) return exitCodes.unreachable
  return outcome.refused || outcome.failed.length > 0 ? exitCodes.failed : exitCodes.ok
}

export function exitCodeOfError(error: Error): number {
  if (error instanceof Interrupted) return exitCodes.interrupted
  if (error instanceof ConnectionError) return exitCodes.unreachable
  return error instanceof ElksealError ? exitCodes.input : exitCodes.bug
}
