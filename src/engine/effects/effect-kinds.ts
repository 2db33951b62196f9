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

/**
 * Puts a host back as it was before the effects, in the order of their performance: files backwards, then each
 * service once, so that it runs with what was put back. The effects that could not be undone are returned.
 */
export async function undoEffects(effects: readonly Effect[], host: Performer): Promise<readonly Effect[]> {
  const backwards = [...effects].reverse()
  const services = new Map<string, Effect>()
  for (const effect of effects) if (effect.kind === 'set-service') services.set(effect.name, effect)
  const left: Effect[] = []
  for (const effect of [...backwards.filter((one) => one.kind !== 'set-service'), ...services.values()]) {
    if (!(await kindOf(effect).undo(effect, host))) left.push(effect)
  }
  return left
}

function kindOf(effect: Effect): EffectKind<Effect> {
  return kinds[effect.kind]
}
