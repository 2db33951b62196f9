import type { X509Certificate } from 'node:crypto'
import { issuedAt } from '../pki/issue.ts'
import type { Look } from './module.ts'

/** `force` of a run that is resumed is done where it has issued already. */
export function isForced(
  { force }: { readonly force: boolean },
  certificate: X509Certificate | undefined,
  { resumedSince }: Pick<Look, 'resumedSince'>,
): boolean {
  if (!force || certificate === undefined || resumedSince === undefined) return force
  return issuedAt(certificate) < resumedSince
}
