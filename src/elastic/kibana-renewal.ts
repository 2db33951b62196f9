import type { X509Certificate } from 'node:crypto'
import { dayText, isAmong, shortSerial, subjectText } from '../pki/certificate-fields.ts'
import { isFrom, keepReason, reissueReason, type ReissueInput } from '../pki/reissue-reason.ts'
import type { KibanaServerFiles } from './kibana-server-files.ts'
import type { RenewalPlan, RenewalReason, ServedHttp } from './renewal.ts'

export interface KibanaRenewalView {
  readonly files:
    | { readonly kind: 'off' }
    | { readonly kind: 'closed'; readonly reason: string }
    | ({ readonly kind: 'open' } & KibanaServerFiles)
  /** Of the store, the CA that the certificate is from or would be; undefined: it has none. */
  readonly authority: X509Certificate | undefined
  /** CAs that the store's have taken the place of: who trusts the store's by now gets a certificate of it. */
  readonly formerAuthorities: readonly X509Certificate[]
  readonly served: ServedHttp
  /** Settings files that are newer than its process: it would read kibana.yml with its certificate. */
  readonly changedSettings: readonly string[]
  /** Other files of server.ssl that are not there: it would end when it does not find them. */
  readonly missing: readonly string[]
  readonly rule: Pick<ReissueInput, 'names' | 'renewBeforeDays' | 'renewBefore' | 'force'>
}

/** What a renewal does to Kibana's own certificate: the file on its host is the truth, and the store has the CA. Pure. */
export function planKibanaRenewal(view: KibanaRenewalView, now: Date): RenewalPlan {
  const { files, authority, served } = view
  if (files.kind === 'off') return { action: 'none', reasons: [], text: 'Kibana serves no https', hint: undefined }
  if (files.kind === 'closed') return refused({ kind: 'file unreadable', text: files.reason }, orNot)
  if (authority === undefined) return refused({ kind: 'not set up', text: 'the store has no CA' }, 'Check pki_dir')
  const foreign = foreignCertificate(files, [authority, ...view.formerAuthorities], served)
  if (foreign !== undefined) return refused(foreign, orNot)
  if (authority.validToDate <= now) {
    const text = `the CA expired on ${dayText(authority.validToDate)}`
    return refused({ kind: 'CA expired', text }, 'Run playbooks/rotate-ca.yml')
  }
  const stored = { ...view.rule, ...files, authority, usages: ['server'] as const }
  const reissue = reissueReason(stored, now)
  const reasons = [reissue, servedReason(files.certificate, served)].filter((reason) => reason !== undefined)
  const text = reasons.map((reason) => reason.text).join('; ')
  if (reasons.length === 0) {
    const kept = keepReason(files.certificate, authority, view.rule.renewBeforeDays)
    return { action: 'none', reasons, text: kept, hint: undefined }
  }
  return hindrance(view, text) ?? { action: reissue === undefined ? 'reload' : 'issue', reasons, text, hint: undefined }
}

/** TLS is among what Kibana reads again on SIGHUP since these versions (elastic/kibana, pull request 171823). */
export function readsCertificatesAgain(version: string | undefined): boolean {
  const [major = 9, minor = 0, patch = 0] = (version ?? '9.0.0').split('.').map((part) => Number.parseInt(part, 10))
  return major > 8 || (major === 8 && (minor > 11 || (minor === 11 && patch >= 2)))
}

const orNot =
  'Place a certificate of the CA in the store by hand once, or set kibana_server_certificate: false for this host'

function foreignCertificate(
  { certificate }: KibanaServerFiles,
  known: readonly [X509Certificate, ...X509Certificate[]],
  served: ServedHttp,
): RenewalReason | undefined {
  const shown = served.kind === 'certificate' ? served.certificate : certificate
  const foreign = [certificate, shown].find((one) => known.every((authority) => !isFrom(one, authority)))
  if (foreign === undefined) return undefined
  const where = foreign === certificate ? 'the certificate in the file' : 'the certificate that is served'
  const text = `${where} is not from the CA in the store, ${subjectText(known[0])}: those who use Kibana may not trust that`
  return { kind: 'other CA', text }
}

function servedReason(certificate: X509Certificate, served: ServedHttp): RenewalReason | undefined {
  if (served.kind === 'nothing' || isAmong(served.certificate, [certificate])) return undefined
  const text = `served is ${shortSerial(served.certificate)}, not ${shortSerial(certificate)} of the file`
  return { kind: 'served differs from file', text }
}

/** What would make it dangerous to have Kibana read its files now. */
function hindrance({ served, changedSettings, missing }: KibanaRenewalView, due: string): RenewalPlan | undefined {
  if (served.kind === 'nothing') {
    return refused({ kind: 'not served', text: `${served.reason}; due: ${due}` }, 'Start Kibana, then renew')
  }
  if (missing.length > 0) {
    const text = `${missing.join(', ')} is missing, without which Kibana ends when it reads its files; due: ${due}`
    return refused({ kind: 'file missing', text }, 'Put it back, or take it out of kibana.yml and restart Kibana')
  }
  if (changedSettings.length === 0) return undefined
  // A kibana.yml that it does not like ends a Kibana that reads it again.
  const text = `${changedSettings.join(', ')} changed after Kibana's start, and it would read that too; due: ${due}`
  return refused({ kind: 'not set up', text }, 'Restart Kibana when it suits, then renew')
}

function refused(reason: RenewalReason, hint: string): RenewalPlan {
  return { action: 'refuse', reasons: [reason], text: reason.text, hint }
}
