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
import type { Undoing } from './undoing.ts'
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

/** What undoing it needs to know; undefined when nothing undoes it. */
export function undoingOf(effect: Effect): Undoing | undefined {
  return kindOf(effect).undoing(effect)
}

function kindOf(effect: Effect): EffectKind<Effect> {
  return kinds[effect.kind]
}
