import type { X509Certificate } from 'node:crypto'
import { authorityText, dayText, isAmong, shortSerial } from '../pki/certificate-fields.ts'
import { endingReason, isFrom, keepReason } from '../pki/reissue-reason.ts'
import { trustedCertificates, type OpenTransport, type TransportFiles } from './transport-files.ts'
import type { TransportHandshake } from './transport-handshake.ts'

/** The CA that new certificates are to be from: the user's own, or the store's. */
export interface AuthorityInHand {
  readonly certificate: X509Certificate
  /** The CAs above it. */
  readonly chain: readonly X509Certificate[]
}

/** A node's transport TLS as it was found. */
export interface TransportView {
  readonly files: TransportFiles
  readonly authority: AuthorityInHand | undefined
  /** Undefined where there was nothing to ask. */
  readonly seen: TransportHandshake | undefined
  readonly renewBeforeDays: number | undefined
  readonly renewBefore: Date | undefined
  readonly force: boolean
}

/**
 * What a renewal does: `issue` a certificate of the CA that the node's is from, by hot reload; have the file that is there
 * read again (`reload`); nothing; or `refuse`, as something is due that it cannot do.
 */
export interface TransportPlan {
  readonly action: 'none' | 'issue' | 'reload' | 'refuse'
  readonly reasons: readonly TransportReason[]
  readonly text: string
  readonly hint: string | undefined
}

interface TransportReason {
  readonly kind:
    | 'expiring'
    | 'forced'
    | 'served differs from file'
    | 'fixed files'
    | 'not served'
    | 'CA unknown'
    | 'CA ending'
    | 'CA replaced'
  readonly text: string
}

/** Decides from what was seen. Pure. */
export function planTransport(view: TransportView, now: Date): TransportPlan {
  const { files, seen } = view
  if (files.kind === 'off') return nothing('transport TLS is off')
  const certificate = files.kind === 'open' ? files.key.certificate : (files.certificate ?? seen?.certificate)
  if (certificate === undefined) return nothing(`the end of its certificate is not known: ${whyClosed(view)}`)
  const issuer = issuerOf(certificate, view)
  const obstacle = obstacleOf(certificate, view)
  // To renew everything now is a wish; what cannot be renewed is no failure of it before it is due.
  const isForced = view.force && obstacle === undefined
  const reload = reloadReason(view)
  const orElse = (text: string): TransportPlan => {
    if (isForced) return issued({ kind: 'forced', text: 'forced' }, reload)
    return reload === undefined
      ? nothing(text)
      : { action: 'reload', reasons: [reload], text: reload.text, hint: undefined }
  }
  const ending = endingReason(certificate, undefined, { ...view, now })
  if (ending === undefined) {
    const kept = keepReason(certificate, issuer, view.renewBeforeDays)
    const text = obstacle === undefined ? kept : `${kept}. By a renewal it cannot be: ${obstacle.text}`
    return orElse(text)
  }
  const hindrance = endsWith(certificate, issuer) ? endingAuthority : obstacle
  if (hindrance === undefined) return issued({ kind: 'expiring', text: ending.text }, reload)
  const text = `${ending.text}, and ${hindrance.text}`
  if (!isPressing(certificate, view, now)) return orElse(`${text}. ${hindrance.hint}`)
  return { action: 'refuse', reasons: [{ kind: hindrance.kind, text }], text, hint: hindrance.hint }
}

function issued(issue: TransportReason, reload: TransportReason | undefined): TransportPlan {
  const reasons = [issue, ...(reload === undefined ? [] : [reload])]
  return { action: 'issue', reasons, text: reasons.map((reason) => reason.text).join('; '), hint: undefined }
}

/** How far a node is on the way to the CA in hand, as its files and a fresh handshake show it. */
export type TransportPhase =
  /** It does not take certificates of the CA yet. */
  | 'trust'
  /** It takes them, and has none itself. */
  | 'reissue'
  /** It has one, and takes those of other CAs too. */
  | 'drop'
  | 'done'

/** `seen` is of a handshake that showed the node a certificate of the CA. Pure. */
export function transportPhase(
  files: OpenTransport,
  { certificate, chain }: AuthorityInHand,
  seen: TransportHandshake | undefined,
): TransportPhase {
  const trusted = trustedCertificates(files)
  if (!isAmong(certificate, trusted) || seen?.refused !== undefined) return 'trust'
  const isServed = seen?.certificate !== undefined && isFrom(seen.certificate, certificate)
  if (!isFrom(files.key.certificate, certificate) || !isServed) return 'reissue'
  return trusted.every((one) => isAmong(one, [certificate, ...chain])) ? 'done' : 'drop'
}

interface Obstacle extends TransportReason {
  readonly hint: string
}

const rotate = 'Run playbooks/rotate-transport-ca.yml: it takes the nodes over to a new CA while they run'

const endingAuthority: Obstacle = { kind: 'CA ending', text: 'so does its CA', hint: rotate }

/**
 * What cannot be renewed is told a third of its lifetime before, which may be a year. It is a failure when the time comes
 * that the user has set, or that it takes to plan a restart of all nodes.
 */
function isPressing(certificate: X509Certificate, view: TransportView, now: Date): boolean {
  if (view.renewBeforeDays !== undefined || view.renewBefore !== undefined) return true
  return certificate.validToDate.getTime() - now.getTime() < 60 * 86_400_000
}

function obstacleOf(certificate: X509Certificate, view: TransportView): Obstacle | undefined {
  const { files, authority, seen } = view
  if (files.kind !== 'open') {
    const hint = 'Renew it by hand and restart node by node: docs/operations.md, "Transport certificates"'
    return { kind: 'fixed files', text: whyClosed(view), hint }
  }
  if (authority === undefined) {
    const hint = `Set transport_ca_path to elastic-stack-ca.p12, and transport_ca_password. If it is lost: ${rotate}`
    return { kind: 'CA unknown', text: 'its CA is not in hand', hint }
  }
  const given = authority.certificate
  if (!isFrom(certificate, given) || !isAmong(given, trustedCertificates(files))) {
    const text = `the CA in hand, ${authorityText(given)}, is not its CA`
    return { kind: 'CA replaced', text, hint: rotate }
  }
  if (seen?.certificate === undefined) {
    const text = seen?.rejected ?? 'the node was not asked'
    return { kind: 'not served', text, hint: 'Start Elasticsearch, then renew' }
  }
  return undefined
}

function whyClosed({ files }: TransportView): string {
  return files.kind === 'closed' ? files.reason : 'nothing is known of its files'
}

function issuerOf(certificate: X509Certificate, { files, authority }: TransportView): X509Certificate | undefined {
  const known = files.kind === 'open' ? [...trustedCertificates(files), ...files.key.chain] : []
  return [...known, ...(authority === undefined ? [] : [authority.certificate])].find((one) => isFrom(certificate, one))
}

function endsWith(certificate: X509Certificate, issuer: X509Certificate | undefined): boolean {
  return issuer !== undefined && certificate.validToDate >= issuer.validToDate
}

function reloadReason({ files, seen }: TransportView): TransportReason | undefined {
  if (files.kind !== 'open' || seen?.certificate === undefined) return undefined
  const { certificate } = files.key
  if (isAmong(certificate, [seen.certificate])) return undefined
  const text = `served is ${shortSerial(seen.certificate)}, not ${shortSerial(certificate)} of the file, valid until ${dayText(certificate.validToDate)}`
  return { kind: 'served differs from file', text }
}

function nothing(text: string): TransportPlan {
  return { action: 'none', reasons: [], text, hint: undefined }
}
