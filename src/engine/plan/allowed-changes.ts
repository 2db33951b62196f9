import { placeKey, type PlannedStep, type StepPlace } from './plan.ts'

/** What a plan lets through: at each place the changes that it has, and anything where nothing could be decided yet. */
export class AllowedChanges {
  readonly #digests = new Map<string, Set<string>>()
  readonly #anything = new Set<string>()

  constructor(steps: readonly PlannedStep[]) {
    for (const step of steps) {
      const key = placeKey(step)
      if (step.digest === undefined) this.#anything.add(key)
      else this.#digests.set(key, (this.#digests.get(key) ?? new Set()).add(step.digest))
    }
  }

  has(place: StepPlace, digest: string): boolean {
    const key = placeKey(place)
    return this.#anything.has(key) || this.#digests.get(key)?.has(digest) === true
  }

  /** Whether the plan has a change there, be it another one. */
  hasAt(place: StepPlace): boolean {
    return this.#digests.has(placeKey(place))
  }
}
