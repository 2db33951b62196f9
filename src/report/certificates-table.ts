import type { TaskFinished } from '../engine/events.ts'
import { dye, printable } from './style.ts'

/** One certificate of a node, or why there is none to be seen. */
export interface SeenCertificate {
  readonly serial?: string
  readonly fingerprint?: string
  readonly issuer?: string
  /** Name of the CA in the store that it is from; empty when it is from none of them. */
  readonly issued_by?: string
  readonly not_before?: string
  readonly not_after?: string
  readonly names?: readonly string[]
  readonly addresses?: readonly string[]
  /** Why the handshake's certificate is not accepted. */
  readonly rejected?: string
  readonly problem?: string
}

/** What `certificate_status` found of a node. */
export interface CertificateStatus {
  readonly host: string
  readonly store: SeenCertificate
  readonly file: SeenCertificate
  readonly served: SeenCertificate
  readonly renewal: {
    readonly action: 'none' | 'issue' | 'place' | 'reload' | 'refuse'
    readonly due: boolean
    readonly reasons: readonly { readonly kind: string; readonly text: string }[]
    readonly text: string
    readonly hint: string
  }
}

/** The status that the module left in its result; undefined for all other tasks. */
export function statusOf(event: TaskFinished): CertificateStatus | undefined {
  if (event.module !== 'certificate_status' || event.status !== 'ok') return undefined
  // The module's own result: the shape is its word.
  const result = event.result as unknown as Omit<CertificateStatus, 'host' | 'renewal'> &
    Omit<CertificateStatus['renewal'], 'text'> & { readonly reason: string }
  const { store, file, served, action, due, reasons, reason, hint } = result
  return { host: event.host, store, file, served, renewal: { action, due, reasons, text: reason, hint } }
}

/** A table for people: three lines a node, then what a renewal would do and why. */
export function certificatesTable(nodes: readonly CertificateStatus[], color: boolean): string {
  const width = Math.max(4, ...nodes.map((node) => node.host.length))
  const head = `${'NODE'.padEnd(width)}  WHERE   ${cells('SERIAL', 'VALID UNTIL', 'ISSUER')}  NAMES`
  return [dye(head, 'bold', color), ...nodes.flatMap((node) => rowsOf(node, width, color))].join('\n')
}

function rowsOf(node: CertificateStatus, width: number, color: boolean): readonly string[] {
  const { store, file, served, renewal } = node
  const row = (where: string, text: string, host = '') =>
    `${host.padEnd(width)}  ${where.padEnd(6)}  ${printable(text)}`
  const shown = isSame(file, served) ? 'the same' : seenText(served)
  return [
    row('store', seenText(store), node.host),
    row('file', isSame(store, file) ? 'the same' : seenText(file)),
    row('served', served.rejected === undefined ? shown : `${shown}  NOT ACCEPTED: ${served.rejected}`),
    `${' '.repeat(width)}  ${verdictText(renewal, color)}`,
    ...(renewal.hint === '' ? [] : [`${' '.repeat(width)}  ${printable(renewal.hint)}`]),
  ]
}

const words: Readonly<Record<CertificateStatus['renewal']['action'], string>> = {
  none: 'nothing to do',
  issue: 'DUE: a new certificate',
  place: "DUE: the store's certificate is placed",
  reload: 'DUE: the file is read again',
  refuse: 'NO RENEWAL',
}

/** What a renewal would do, and why. */
export function verdictText({ action, text }: CertificateStatus['renewal'], color: boolean): string {
  const format = action === 'none' ? 'green' : action === 'refuse' ? 'red' : 'yellow'
  return `${dye(words[action], format, color)}: ${printable(text)}`
}

function seenText({
  problem,
  serial = '',
  not_after: end = '',
  issuer = '',
  issued_by: authority = '',
  names = [],
  addresses = [],
}: SeenCertificate) {
  if (problem !== undefined) return `- (${problem})`
  // Two CAs may have one name.
  const mark = authority.endsWith('-next') ? ' (next CA)' : ''
  return `${cells(short(serial), end.slice(0, 10), issuer + mark)}  ${[...names, ...addresses].join(', ')}`
}

function cells(serial: string, end: string, issuer: string): string {
  return `${serial.padEnd(13)}  ${end.padEnd(11)}  ${issuer.padEnd(24)}`
}

function short(serial: string): string {
  return serial.length > 12 ? `${serial.slice(0, 12)}…` : serial
}

function isSame(one: SeenCertificate, other: SeenCertificate): boolean {
  return one.fingerprint !== undefined && one.fingerprint === other.fingerprint
}
