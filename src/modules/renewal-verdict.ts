import type { RenewalPlan } from '../elastic/renewal.ts'
import type { TransportPlan } from '../elastic/transport-plan.ts'
import type { Values } from './module.ts'

/** What a module that only looks says of a renewal: in words, and in its result. */
export function renewalVerdict({ action, reasons, text, hint }: RenewalPlan | TransportPlan): {
  readonly reason: string
  readonly values: Values
} {
  return {
    reason: action === 'none' ? text : `${words[action]}: ${text}`,
    values: { action, due: action !== 'none' && action !== 'refuse', reasons, reason: text, hint: hint ?? '' },
  }
}

const words: Readonly<Record<Exclude<RenewalPlan['action'], 'none'>, string>> = {
  issue: 'a new certificate is due',
  place: 'the certificate of the store is to be placed',
  reload: 'the file is to be read again',
  refuse: 'cannot be renewed',
}
