import { ElksealError, TaskError } from '../../errors.ts'
import type { Subject } from '../../facts/question.ts'
import type { Effect } from '../../modules/effect.ts'
import type { Values } from '../../modules/module.ts'
import { changeKeystore } from './change-keystore.ts'
import type { EffectKind, Forecaster, Performer } from './effect-kind.ts'
import { httpRequest } from './http-request.ts'
import { makeDirectory } from './make-directory.ts'
import { makeLink } from './make-link.ts'
import { removePath } from './remove-path.ts'
import { runCommand } from './run-command.ts'
import { setAttributes } from './set-attributes.ts'
import { setService } from './set-service.ts'
import { writeFile } from './write-file.ts'

const kinds: { readonly [Kind in Effect['kind']]: EffectKind<Extract<Effect, { kind: Kind }>> } = {
  'write-file': writeFile,
  'set-attributes': setAttributes,
  'make-directory': makeDirectory,
  'make-link': makeLink,
  'remove-path': removePath,
  'set-service': setService,
  'change-keystore': changeKeystore,
  'run-command': runCommand,
  'http-request': httpRequest,
}

export function subjectsOf(effect: Effect): readonly Subject[] {
  return kindOf(effect).subjects(effect)
}

export function performEffect(effect: Effect, host: Performer): Promise<Values> {
  return kindOf(effect).perform(effect, host)
}

export function forecastEffect(effect: Effect, host: Forecaster): Promise<'known' | 'unknown'> {
  return kindOf(effect).forecast(effect, host)
}

/** An effect that could not be undone; the error says why, where there is more to say than that its kind has no undoing. */
export interface Left {
  readonly effect: Effect
  readonly error: ElksealError | undefined
}

/**
 * Puts a host back as it was before the effects, in the order of their performance: files backwards, then each
 * service once, so that it runs with what was put back. A service is left alone when a file could not be put back: it
 * would start with half of them. What could not be undone is returned.
 */
export async function undoEffects(effects: readonly Effect[], host: Performer): Promise<readonly Left[]> {
  const backwards = effects.filter((one) => one.kind !== 'set-service').reverse()
  const services = new Map<string, Effect>()
  for (const effect of effects) if (effect.kind === 'set-service') services.set(effect.name, effect)
  const left: Left[] = []
  for (const effect of backwards) left.push(...(await undoEffect(effect, host)))
  const isWhole = left.every(({ error }) => error === undefined)
  for (const effect of services.values()) left.push(...(isWhole ? await undoEffect(effect, host) : [untried(effect)]))
  return left
}

function untried(effect: Effect): Left {
  return { effect, error: new TaskError('not tried, since not every file could be put back') }
}

async function undoEffect(effect: Effect, host: Performer): Promise<readonly Left[]> {
  try {
    return (await kindOf(effect).undo(effect, host)) ? [] : [{ effect, error: undefined }]
  } catch (thrown) {
    if (!(thrown instanceof ElksealError)) throw thrown
    return [{ effect, error: thrown }]
  }
}

function kindOf(effect: Effect): EffectKind<Effect> {
  return kinds[effect.kind]
}
