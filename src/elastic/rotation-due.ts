import type { X509Certificate } from 'node:crypto'
import { authorityText, dayText } from '../pki/certificate-fields.ts'
import type { Obstacle } from './trust-phase.ts'

export interface RotationRule {
  /** How many days a new certificate of a node is valid. */
  readonly certificateDays: number
  /** Days before the end of a CA when its rotation starts, where the user says so. */
  readonly beforeDays: number | undefined
}

const day = 86_400_000

/**
 * When the rotation of a CA starts: as soon as it would end before a certificate that it issues. A CA that lives hardly
 * longer than its certificates would be due at once, and so would the next: two thirds of its life it always has.
 */
function rotationStart(authority: X509Certificate, { certificateDays, beforeDays }: RotationRule): Date {
  const end = authority.validToDate.getTime()
  const third = (end - authority.validFromDate.getTime()) / 3
  return new Date(end - (beforeDays === undefined ? Math.min(certificateDays * day, third) : beforeDays * day))
}

/** Whether the end of a CA is so near that it has to be rotated, and the reason either way. */
export function rotationDue(
  authority: X509Certificate,
  rule: RotationRule,
  now: Date,
): { readonly isDue: boolean; readonly text: string } {
  const [start, end] = [rotationStart(authority, rule), authority.validToDate]
  if (now >= end) return { isDue: true, text: `the CA expired on ${dayText(end)}` }
  if (now >= start) return { isDue: true, text: `the CA ends on ${dayText(end)}` }
  return { isDue: false, text: `the CA is valid until ${dayText(end)}, its rotation starts ${dayText(start)}` }
}

/** What is known of the CAs when it is asked whether to change to another one. */
export interface RotationWish {
  readonly current: X509Certificate
  /** The one to come, while a rotation is under way. */
  readonly next: X509Certificate | undefined
  /** The user's own, where one is given. */
  readonly own: X509Certificate | undefined
  /** The one given was rotated out before. */
  readonly isOwnFormer: boolean
  /** The key of the current CA is in the store: it was made here. */
  readonly hasKey: boolean
  readonly isForced: boolean
  readonly rule: RotationRule
}

export interface RotationWill {
  /** Why a rotation has to begin, in words; undefined when it need not. */
  readonly due: string | undefined
  /** Why not, in words. */
  readonly notDue: string
  /** What stands against beginning it, or against carrying it on. */
  readonly obstacle: Obstacle | undefined
}

export function rotationWill(wish: RotationWish, now: Date): RotationWill {
  const { current, next, own, isForced, rule } = wish
  const { isDue, text } = rotationDue(current, rule, now)
  if (next !== undefined) {
    return { due: undefined, notDue: text, obstacle: own && !isSame(own, next) ? otherUnderWay(own, next) : undefined }
  }
  if (own !== undefined && !isSame(own, current)) {
    const due = `the CA given is ${authorityText(own)}, the store has ${authorityText(current)}`
    return { due, notDue: text, obstacle: wish.isOwnFormer ? takenBack(own) : undefined }
  }
  const why = isForced ? 'forced' : isDue ? text : undefined
  return { due: why, notDue: text, obstacle: nothingToChangeTo(wish, why ?? text) }
}

function otherUnderWay(own: X509Certificate, next: X509Certificate): Obstacle {
  return {
    text: `A rotation to ${authorityText(next)} is under way, but the CA given is ${authorityText(own)}`,
    hint: 'Finish that one first: give its CA by http_ca_path, or none if it was made here',
  }
}

/** As when a new CA was given on the command line, and the inventory still names the old one. */
function takenBack(own: X509Certificate): Obstacle {
  return {
    text: `The CA given, ${authorityText(own)}, is one that was rotated out`,
    hint: 'Correct http_ca_path. To go back to that CA all the same, take its http-ca-old-….crt out of the store',
  }
}

function nothingToChangeTo({ own, hasKey, isForced }: RotationWish, why: string): Obstacle | undefined {
  if (own !== undefined) {
    return {
      text: `A rotation is wanted (${why}), but the CA given is the one of the store`,
      hint: 'Give the new CA by http_ca_path, or none to have one made here',
    }
  }
  if (hasKey || isForced) return undefined
  return {
    text: `A rotation is due (${why}), but the CA is your own, for its key is not in the store`,
    hint: 'Give the new CA by http_ca_path, or have one made here with -e rotate=force',
  }
}

function isSame(one: X509Certificate, other: X509Certificate): boolean {
  return one.raw.equals(other.raw)
}
