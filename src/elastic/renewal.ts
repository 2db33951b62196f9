import type { X509Certificate } from 'node:crypto'
import { authorityText, dayText, fingerprint, shortSerial } from '../pki/certificate-fields.ts'
import { isFrom, keepReason, reissueReason, type ReissueInput, type ReissueReason } from '../pki/reissue-reason.ts'

/** The file that Elasticsearch reads its key and certificate from, as it is on the node's host. */
export type InstalledFile =
  | { readonly kind: 'missing' }
  /** No store that the password opens, or none at all; `reason` in words. */
  | { readonly kind: 'unreadable'; readonly reason: string }
  | {
      readonly kind: 'certificate'
      readonly certificate: X509Certificate
      /** Byte for byte what the store holds. */
      readonly isStored: boolean
      /** Why Elasticsearch may not read it: "root:root 0600"; undefined when it may. */
      readonly closed: string | undefined
    }

/** What a fresh handshake showed, or why there was none. */
export type ServedHttp =
  | { readonly kind: 'nothing'; readonly reason: string }
  | { readonly kind: 'certificate'; readonly certificate: X509Certificate; readonly rejected: string | undefined }

export interface RenewalView {
  /** Why the node is not yet set up to serve the file; undefined when it is. */
  readonly notSetUp: string | undefined
  /** What the store holds; undefined when it has no CA. */
  readonly stored: ReissueInput | undefined
  /** The CA that was given, where it is not the store's. */
  readonly otherAuthority: X509Certificate | undefined
  /** While the CA is rotated: of the two in the store, the one that the node's certificate in the store is not from. */
  readonly rotatedAuthority: X509Certificate | undefined
  /** A password was given that is not the store's. */
  readonly isPasswordChanged: boolean
  readonly installed: InstalledFile
  readonly served: ServedHttp
}

export interface RenewalReason {
  readonly kind:
    | ReissueReason['kind']
    | 'file missing'
    | 'file unreadable'
    | 'file differs from store'
    | 'file closed to Elasticsearch'
    | 'served differs from file'
    | 'not set up'
    | 'CA replaced'
    | 'CA rotation'
    | 'CA expired'
    | 'password changed'
    | 'not served'
  /** For people: "expires on 2027-03-01". */
  readonly text: string
}

/**
 * What a renewal does to a node: `issue` a certificate and place it; `place` the one of the store; make Elasticsearch
 * `reload` the file that is there; nothing; or `refuse`, as it is no renewal that is needed.
 */
export interface RenewalPlan {
  readonly action: 'none' | 'issue' | 'place' | 'reload' | 'refuse'
  /** Empty for `none`. */
  readonly reasons: readonly RenewalReason[]
  /** All of it in one line. */
  readonly text: string
  /** What to do instead, where it is refused. */
  readonly hint: string | undefined
}

/** Decides from what was seen. Pure. */
export function planRenewal(view: RenewalView, now: Date): RenewalPlan {
  const { stored } = view
  const refusal = refusalOf(view, now)
  if (stored === undefined || refusal !== undefined) return refused(refusal ?? noAuthority(view))
  const reissue = reissueReason(stored, now)
  const file = fileReason(view)
  const served = servedReason(view)
  const reasons = [reissue, file, served].filter((reason) => reason !== undefined)
  if (reasons.length === 0) return { action: 'none', reasons, text: keptText(stored), hint: undefined }
  if (view.served.kind === 'nothing') {
    const text = `${view.served.reason}; due: ${textOf(reasons)}`
    return refused({ kind: 'not served', text, hint: 'Start Elasticsearch, then renew' })
  }
  const isInPlace = file === undefined || file.kind === 'file closed to Elasticsearch'
  const action = reissue !== undefined ? 'issue' : isInPlace ? 'reload' : 'place'
  return { action, reasons, text: textOf(reasons), hint: undefined }
}

interface Refusal extends RenewalReason {
  readonly hint: string
}

const secureHttp = 'Run playbooks/secure-http.yml'
const rotateCa =
  'Clients must trust the new CA before a node serves a certificate of it: run playbooks/rotate-ca.yml, which sees to that'

/** A new CA would cut off clients that trust another one already: perhaps the store is only not where it was looked for. */
function noAuthority({ served }: RenewalView): Refusal {
  const text = 'the store has no CA'
  if (served.kind === 'nothing') return { kind: 'not set up', text, hint: secureHttp }
  const hint = `Check pki_dir. If http was secured by other means: ${secureHttp}`
  return { kind: 'not set up', text: `${text}, but the node serves a certificate`, hint }
}

function refusalOf(view: RenewalView, now: Date): Refusal | undefined {
  const { stored, notSetUp, otherAuthority, rotatedAuthority } = view
  if (stored === undefined) return noAuthority(view)
  if (notSetUp !== undefined) return { kind: 'not set up', text: notSetUp, hint: secureHttp }
  const { authority } = stored
  if (otherAuthority !== undefined) {
    const text = `CA replaced: given is ${authorityText(otherAuthority)}, the store has ${authorityText(authority)}`
    return { kind: 'CA replaced', text, hint: rotateCa }
  }
  const trusted = trustedNow(view)
  if (trusted !== undefined && rotatedAuthority !== undefined && isFrom(trusted, rotatedAuthority)) {
    const text = `CA rotation: the store has a certificate of ${authorityText(authority)} for the node, it serves one of ${authorityText(rotatedAuthority)}`
    return { kind: 'CA rotation', text, hint: 'Run playbooks/rotate-ca.yml, which carries on with it' }
  }
  if (trusted !== undefined && !isFrom(trusted, authority)) {
    const text = `CA replaced: the node serves a certificate that is not from the store's CA ${authorityText(authority)}`
    return { kind: 'CA replaced', text, hint: rotateCa }
  }
  if (authority.validToDate <= now) {
    return { kind: 'CA expired', text: `the CA expired on ${dayText(authority.validToDate)}`, hint: rotateCa }
  }
  return passwordRefusal(view)
}

/** Elasticsearch reads the password at its start only: under another one it cannot reload the file. */
function passwordRefusal({ isPasswordChanged, installed, served, stored }: RenewalView): Refusal | undefined {
  const hint = `${secureHttp}: it sets the password and restarts node by node`
  if (isPasswordChanged) {
    return { kind: 'password changed', text: 'the password given is not the one of the store', hint }
  }
  if (installed.kind !== 'unreadable') return undefined
  // What is served was read with the store's password when it is the store's certificate.
  const isKnown = served.kind === 'certificate' && isSame(served.certificate, stored?.certificate)
  return isKnown ? undefined : { kind: 'password changed', text: installed.reason, hint }
}

/** The certificate that shows which CA clients trust: the served one, else the one in the file. */
function trustedNow({ served, installed }: RenewalView): X509Certificate | undefined {
  if (served.kind === 'certificate') return served.certificate
  return installed.kind === 'certificate' ? installed.certificate : undefined
}

function fileReason({ installed }: RenewalView): RenewalReason | undefined {
  switch (installed.kind) {
    case 'missing':
      return { kind: 'file missing', text: 'the file is missing on the host: the next start would fail' }
    case 'unreadable':
      return { kind: 'file unreadable', text: `${installed.reason}: the next start would fail` }
    case 'certificate':
      if (!installed.isStored) return { kind: 'file differs from store', text: 'the file differs from the store' }
      if (installed.closed === undefined) return undefined
      return {
        kind: 'file closed to Elasticsearch',
        text: `Elasticsearch may not read the file (${installed.closed}): the next start would fail`,
      }
  }
}

function servedReason({ installed, served }: RenewalView): RenewalReason | undefined {
  if (served.kind !== 'certificate' || installed.kind !== 'certificate') return undefined
  if (isSame(served.certificate, installed.certificate)) return undefined
  const text = `served is ${shortSerial(served.certificate)}, not ${shortSerial(installed.certificate)} of the file`
  return { kind: 'served differs from file', text }
}

function keptText({ certificate, authority, renewBeforeDays }: ReissueInput): string {
  return certificate === undefined ? 'nothing is due' : keepReason(certificate, authority, renewBeforeDays)
}

function refused({ kind, text, hint }: Refusal): RenewalPlan {
  return { action: 'refuse', reasons: [{ kind, text }], text, hint }
}

function textOf(reasons: readonly RenewalReason[]): string {
  return reasons.map((reason) => reason.text).join('; ')
}

function isSame(one: X509Certificate, other: X509Certificate | undefined): boolean {
  return other !== undefined && fingerprint(one) === fingerprint(other)
}
