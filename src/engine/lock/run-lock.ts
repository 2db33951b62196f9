import type { Shell } from '../../connection/connection.ts'
import type { Problem } from '../../errors.ts'
import type { Play } from '../../playbook/playbook.ts'
import type { Scope } from '../../vars/scope.ts'

/** Where something is about to be changed. */
export interface LockTarget {
  readonly name: string
  readonly isController: boolean
  readonly scope: Scope
  readonly shell: () => Promise<Shell>
}

/** Keeps two runs from changing the same hosts at once. Whoever only looks needs no lock. */
export interface RunLock {
  /** A play begins on these hosts: sends ahead of its looks the question who is there. Waits for nothing. */
  expect(play: Play, hosts: readonly string[]): void
  /**
   * Resolves when all hosts of the run are locked, and this one too; rejects with a TaskError when this one alone cannot
   * be. When another run is on one of them it never resolves, and `refused` rejects: nothing may be changed any more.
   */
  permit(target: LockTarget): Promise<void>
  /** Rejects with a LockRefused as soon as the run must end without a change. */
  readonly refused: Promise<never>
  /** Gives up what is held, and tells what could not be. */
  release(): Promise<void>
}

/** Another run is at work on the hosts. Not an ElksealError: it belongs to no host and no task. */
export class LockRefused extends Error {
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    super(problems.map(({ message }) => message).join('; '))
    this.problems = problems
  }
}

/** For check mode and verification, which change nothing. */
export const noLock: RunLock = {
  expect: () => undefined,
  permit: () => Promise.resolve(),
  refused: new Promise<never>(() => undefined),
  release: () => Promise.resolve(),
}
