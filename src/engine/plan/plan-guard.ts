import { TaskError } from '../../errors.ts'
import type { Change } from '../../modules/module.ts'
import type { ChangeDigests } from './change-digest.ts'
import type { Plan, StepPlace } from './plan.ts'
import type { PlanWatch, WatchedTask } from './plan-watch.ts'
import { redactedPlace, shownPlace } from './shown-step.ts'

interface GuardParts {
  readonly plan: Plan
  readonly digests: ChangeDigests
  readonly redact: (text: string) => string
}

/** Lets a run make the changes of a plan and no other. A task that the plan calls undetermined may do what it decides. */
export class PlanGuard implements PlanWatch {
  readonly #allowed = new Map<string, Set<string>>()
  readonly #anything = new Set<string>()
  readonly #digests: ChangeDigests
  readonly #redact: (text: string) => string

  constructor({ plan, digests, redact }: GuardParts) {
    this.#digests = digests
    this.#redact = redact
    for (const step of plan.steps) {
      const key = keyOf(step)
      if (step.digest === undefined) this.#anything.add(key)
      else this.#allowed.set(key, (this.#allowed.get(key) ?? new Set()).add(step.digest))
    }
  }

  play(): void {
    // Hosts that failed before are missing from later plays: that is no other plan.
  }

  change(task: WatchedTask, change: Change): void {
    // Always, for what it makes may be part of later changes.
    const digest = this.#digests.of({ ...task, change })
    const key = keyOf(redactedPlace(shownPlace(task.shown()), this.#redact))
    if (this.#anything.has(key) || this.#allowed.get(key)?.has(digest) === true) return
    // What is there for a failure is of the playbook that was reviewed, but no check comes to it.
    if (task.isRescue) return
    const isKnown = this.#allowed.has(key)
    throw new TaskError(`Not in the plan${isKnown ? ' like this' : ''}, so not done: ${change.summary}`, {
      hint: 'Something has changed since the plan was compared. Make a new plan, and review it',
    })
  }

  settled(): void {
    // What is done was decided in `change`.
  }
}

function keyOf({ host, play, at, item }: StepPlace): string {
  return JSON.stringify([host, play, at, item])
}
