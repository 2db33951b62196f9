import { ElksealError, TaskError } from '../../errors.ts'
import type { Secret } from '../../secrets/secret.ts'
import type { Performer } from '../effects/effect-kind.ts'
import { restorePath } from '../effects/backup.ts'
import { removeFolders } from '../effects/make-directory.ts'
import { restoreAttributes } from '../effects/set-attributes.ts'
import { undoService } from '../effects/set-service.ts'
import type { Undoing, Undone } from '../effects/undoing.ts'

/** An effect that was performed, or begun, as it is undone: by the account that performed it. */
export interface UndoStep {
  /** In a line, safe to print. */
  readonly description: string
  /** Undefined: nothing undoes it. */
  readonly undoing: Undoing | undefined
  readonly performer: Performer
  /** What a service's start reads. */
  readonly stdin?: Secret | undefined
}

/** A step that could not be undone; the error says why, where there is more to say than that nothing undoes it. */
export interface Left<Step extends UndoStep = UndoStep> {
  readonly step: Step
  readonly error: ElksealError | undefined
  /** Nothing was saved, so an effect that failed or is in doubt had not begun. */
  readonly notSaved: boolean
}

export interface UndoOutcome<Step extends UndoStep = UndoStep> {
  readonly putBack: readonly Step[]
  readonly left: readonly Left<Step>[]
  /** Versions of files that were not this run's, and where they lie now. */
  readonly kept: readonly string[]
}

export interface UndoOptions {
  /** `when needed`: one that is up is left alone where no file had to be put back. */
  readonly restart: 'always' | 'when needed'
}

/**
 * Undoes steps that are given in the order of their performance: files backwards, then each service once, so that it
 * runs with what was put back. A service is left alone when a file could not be put back: it would start with half of
 * them.
 */
export async function undoSteps<Step extends UndoStep>(
  steps: readonly Step[],
  { restart }: UndoOptions = { restart: 'always' },
): Promise<UndoOutcome<Step>> {
  const putBack: Step[] = []
  const left: Left<Step>[] = []
  const kept: string[] = []
  const undo = async (step: Step, onlyIfDown: boolean): Promise<void> => {
    const undone = await undoStep(step, onlyIfDown)
    if (undone instanceof ElksealError) left.push({ step, error: undone, notSaved: false })
    else if (undone.kind === 'not saved') left.push({ step, error: undefined, notSaved: true })
    else if (undone.kind === 'not kept') left.push({ step, error: undefined, notSaved: false })
    else if (undone.kind === 'put back') putBack.push(step)
    if ('kept' in undone && undone.kept !== undefined) kept.push(undone.kept)
  }
  for (const step of backwards(steps)) await undo(step, false)
  const isWhole = left.every(({ error }) => error === undefined)
  const onlyIfDown = restart === 'when needed' && !putBack.some(isOfFile)
  for (const step of services(steps)) {
    if (isWhole) await undo(step, onlyIfDown)
    else left.push({ step, error: new TaskError('not tried, since not every file could be put back'), notSaved: false })
  }
  return { putBack, left, kept }
}

/** Each path once, when its first change is undone: that is when its first version was saved. */
function backwards<Step extends UndoStep>(steps: readonly Step[]): readonly Step[] {
  const seen = new Set<string>()
  const first = steps.filter(({ undoing }) => {
    if (undoing?.kind === 'service') return false
    if (undoing === undefined) return true
    const key = JSON.stringify(undoing)
    return !seen.has(key) && seen.add(key)
  })
  return first.toReversed()
}

function services<Step extends UndoStep>(steps: readonly Step[]): readonly Step[] {
  const last = new Map<string, Step>()
  for (const step of steps) if (step.undoing?.kind === 'service') last.set(step.undoing.name, step)
  return [...last.values()]
}

function isOfFile({ undoing }: UndoStep): boolean {
  return undoing?.kind === 'path' || undoing?.kind === 'attributes'
}

async function undoStep({ undoing, performer, stdin }: UndoStep, onlyIfDown: boolean): Promise<Undone | ElksealError> {
  try {
    switch (undoing?.kind) {
      case undefined:
        return { kind: 'not kept' }
      case 'path':
        return await restorePath(performer, undoing.path)
      case 'attributes':
        return await restoreAttributes(undoing, performer)
      case 'folder':
        return await removeFolders(undoing.path, performer)
      case 'service':
        return await undoService(undoing, performer, { stdin, onlyIfDown })
    }
  } catch (thrown) {
    if (thrown instanceof ElksealError) return thrown
    throw thrown
  }
}
