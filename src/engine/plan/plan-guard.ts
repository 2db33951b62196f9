import { TaskError } from '../../errors.ts'
import type { Change } from '../../modules/module.ts'
import { AllowedChanges } from './allowed-changes.ts'
import type { ChangeDigests } from './change-digest.ts'
import type { Plan } from './plan.ts'
import type { PlanWatch, WatchedTask } from './plan-watch.ts'
import { redactedPlace, shownPlace } from './shown-step.ts'

interface GuardParts {
  readonly plan: Plan
  readonly digests: ChangeDigests
  readonly redact: (text: string) => string
}

/** Lets a run make the changes of a plan and no other. A task that the plan calls undetermined may do what it decides. */
export class PlanGuard implements PlanWatch {
  readonly #allowed: AllowedChanges
  readonly #digests: ChangeDigests
  readonly #redact: (text: string) => string

  constructor({ plan, digests, redact }: GuardParts) {
    this.#digests = digests
    this.#redact = redact
    this.#allowed = new AllowedChanges(plan.steps)
  }

  play(): void {
    // Hosts that failed before are missing from later plays: that is no other plan.
  }

  change(task: WatchedTask, change: Change): void {
    // Always, for what it makes may be part of later changes.
    const digest = this.#digests.of({ ...task, change })
    const place = redactedPlace(shownPlace(task.shown()), this.#redact)
    if (this.#allowed.has(place, digest)) return
    // What is there for a failure is of the playbook that was reviewed, but no check comes to it.
    if (task.isRescue) return
    throw new TaskError(
      `Not in the plan${this.#allowed.hasAt(place) ? ' like this' : ''}, so not done: ${change.summary}`,
      {
        hint: 'Something has changed since the plan was compared. Make a new plan, and review it',
      },
    )
  }

  settled(): void {
    // What is done was decided in `change`.
  }
}
