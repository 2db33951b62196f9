import { effectDescription } from '../../src/engine/effects/effect-description.ts'
import type { Performer } from '../../src/engine/effects/effect-kind.ts'
import { undoingOf } from '../../src/engine/effects/effect-kinds.ts'
import { undoSteps, type Left } from '../../src/engine/undo/undo-steps.ts'
import type { Effect } from '../../src/modules/effect.ts'

/** Undoes effects that this performer performed. Returns what could not be undone. */
export async function undoEffects(effects: readonly Effect[], performer: Performer): Promise<readonly Left[]> {
  const steps = effects.map((effect) => ({
    description: effectDescription(effect),
    undoing: undoingOf(effect),
    performer,
    stdin: effect.kind === 'set-service' ? effect.stdin : undefined,
  }))
  return (await undoSteps(steps)).left
}
