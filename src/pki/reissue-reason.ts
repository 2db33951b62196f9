import type { X509Certificate } from 'node:crypto'
import { certificateNames, dayText, subjectText } from './certificate-fields.ts'
import type { CertificateNames } from './certificate-name.ts'
import type { Usage } from './issue.ts'
import { objectIds } from './object-ids.ts'

/** What is known of a stored certificate when it is asked whether it may stay. */
export interface ReissueInput {
  /** Undefined when there is none. */
  readonly certificate: X509Certificate | undefined
  /** Why certificate or store cannot be read, in words. */
  readonly unreadable?: string | undefined
  /** False when the stored private key is not the certificate's. */
  readonly keyMatches: boolean
  readonly authority: X509Certificate
  readonly names: CertificateNames
  readonly usages: readonly Usage[]
  /** Days before the end when renewal starts; undefined: a third of the lifetime. */
  readonly renewBeforeDays?: number | undefined
  /** One that ends before this day is renewed now. */
  readonly renewBefore?: Date | undefined
  readonly force: boolean
}

type ReissueKind =
  | 'missing'
  | 'unreadable'
  | 'other CA'
  | 'key does not match'
  | 'names changed'
  | 'usage changed'
  | 'expiring'
  | 'forced'

export interface ReissueReason {
  readonly kind: ReissueKind
  /** For people: "names changed: es1.lab added". */
  readonly text: string
}

/** Why a certificate has to be issued anew; undefined when it stays. Pure. */
export function reissueReason(input: ReissueInput, now: Date): ReissueReason | undefined {
  if (input.unreadable !== undefined) return { kind: 'unreadable', text: `unreadable: ${input.unreadable}` }
  const { certificate, authority } = input
  if (certificate === undefined) return { kind: 'missing', text: 'missing' }
  if (!isFrom(certificate, authority)) {
    return { kind: 'other CA', text: `not from this CA (${subjectText(authority)})` }
  }
  if (!input.keyMatches) return { kind: 'key does not match', text: 'the private key does not match the certificate' }
  const names = namesChange(certificateNames(certificate), input.names)
  if (names !== undefined) return { kind: 'names changed', text: `names changed: ${names}` }
  const usages = usagesChange(certificate, input.usages)
  if (usages !== undefined) return { kind: 'usage changed', text: `usage changed: ${usages}` }
  const ending = endingReason(certificate, authority, { ...input, now })
  if (ending !== undefined) return ending
  if (input.force) return { kind: 'forced', text: 'forced' }
  return undefined
}

/** When a certificate is due by its end alone. */
interface RenewalRule {
  readonly renewBeforeDays?: number | undefined
  readonly renewBefore?: Date | undefined
  readonly now: Date
}

/** That a certificate is near its end, and a new one would live longer. Its CA may be unknown. */
export function endingReason(
  certificate: X509Certificate,
  authority: X509Certificate | undefined,
  rule: RenewalRule,
): ReissueReason | undefined {
  if (!isEnding(certificate, rule) || endsWithAuthority(certificate, authority)) return undefined
  return expiring(certificate, rule.now)
}

function isEnding(certificate: X509Certificate, { renewBefore, renewBeforeDays, now }: RenewalRule): boolean {
  if (renewBefore !== undefined && certificate.validToDate < renewBefore) return true
  return now >= renewalStart(certificate, renewBeforeDays)
}

/** Why a certificate stays: "valid until 2027-03-01, renewal starts 2027-01-30". */
export function keepReason(
  certificate: X509Certificate,
  authority: X509Certificate | undefined,
  renewBeforeDays?: number,
): string {
  if (endsWithAuthority(certificate, authority)) {
    return `valid until ${dayText(certificate.validToDate)}, when its CA ends; the CA has to be renewed first`
  }
  const start = renewalStart(certificate, renewBeforeDays)
  return `valid until ${dayText(certificate.validToDate)}, renewal starts ${dayText(start)}`
}

function renewalStart(certificate: X509Certificate, renewBeforeDays?: number): Date {
  const end = certificate.validToDate.getTime()
  const lifetime = end - certificate.validFromDate.getTime()
  const before = renewBeforeDays === undefined ? lifetime / 3 : renewBeforeDays * 86_400_000
  return new Date(end - before)
}

/** Whether this CA itself issued it. */
export function isFrom(certificate: X509Certificate, authority: X509Certificate): boolean {
  return certificate.checkIssued(authority) && certificate.verify(authority.publicKey)
}

/** Then a new one would not be valid any longer, and would be issued again in every run. */
function endsWithAuthority(certificate: X509Certificate, authority: X509Certificate | undefined): boolean {
  return authority !== undefined && certificate.validToDate >= authority.validToDate
}

function expiring(certificate: X509Certificate, now: Date): ReissueReason {
  const end = certificate.validToDate
  const text = end <= now ? `expired on ${dayText(end)}` : `expires on ${dayText(end)}`
  return { kind: 'expiring', text }
}

function namesChange(found: CertificateNames, wanted: CertificateNames): string | undefined {
  const before = new Set([...found.dns, ...found.addresses])
  const after = new Set([...wanted.dns, ...wanted.addresses])
  const added = [...after].filter((name) => !before.has(name))
  const removed = [...before].filter((name) => !after.has(name))
  const parts = [
    ...(added.length > 0 ? [`${added.join(', ')} added`] : []),
    ...(removed.length > 0 ? [`${removed.join(', ')} removed`] : []),
  ]
  return parts.length === 0 ? undefined : parts.join('; ')
}

function usagesChange(certificate: X509Certificate, wanted: readonly Usage[]): string | undefined {
  // node:crypto calls the extended key usage keyUsage; a certificate without one may be used for everything.
  const found = certificate.keyUsage
  if (found === undefined) return undefined
  const missing = wanted.filter(
    (usage) => !found.includes(usage === 'server' ? objectIds.serverAuth : objectIds.clientAuth),
  )
  return missing.length === 0 ? undefined : `${missing.join(', ')} missing`
}
