import type { Change } from '../../modules/module.ts'
import { effectDescription } from '../effects/effect-description.ts'
import type { PlannedStep, StepPlace } from './plan.ts'
import type { ShownTask } from './plan-watch.ts'

type Redact = (text: string) => string

const hidden = 'hidden by no_log'

/** Where a task is, as a plan may say it once it is redacted. */
export function shownPlace({ place, isHidden }: ShownTask): StepPlace {
  return place.item === undefined || !isHidden ? place : { ...place, item: hidden }
}

export function shownSummary(summary: string, { isHidden }: ShownTask): string {
  return isHidden ? hidden : summary
}

export function shownEffects({ effects }: Change, { isHidden }: ShownTask): readonly string[] {
  return effects.map((effect) => (isHidden ? hidden : effectDescription(effect)))
}

export function redactedPlace(place: StepPlace, redact: Redact): StepPlace {
  const { play, task, item } = place
  return { ...place, play: redact(play), task: redact(task), ...(item === undefined ? {} : { item: redact(item) }) }
}

export function redactedStep(step: PlannedStep, redact: Redact): PlannedStep {
  const { summary, effects } = step
  return { ...step, ...redactedPlace(step, redact), summary: redact(summary), effects: effects.map(redact) }
}
