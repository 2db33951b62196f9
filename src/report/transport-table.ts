import type { TaskFinished } from '../engine/events.ts'
import { verdictText, type CertificateStatus, type SeenCertificate } from './certificates-table.ts'
import { dye, printable } from './style.ts'

/** What `transport_status` found of a node: the certificate with which it meets other nodes. */
export interface TransportStatus {
  readonly host: string
  readonly file: SeenCertificate
  readonly served: SeenCertificate
  /** The CAs whose certificates it takes. */
  readonly trusted: readonly string[]
  readonly renewal: CertificateStatus['renewal']
}

/** What `kibana_certificate_status` found of a Kibana: the certificate that it serves itself. */
export type KibanaStatus = Omit<TransportStatus, 'trusted'>

/** The status that the module left in its result; undefined for all other tasks. */
export function transportStatusOf(event: TaskFinished): TransportStatus | undefined {
  return event.module === 'transport_status' ? statusOf(event) : undefined
}

/** The same for the certificate that Kibana serves. */
export function kibanaStatusOf(event: TaskFinished): KibanaStatus | undefined {
  return event.module === 'kibana_certificate_status' ? statusOf(event) : undefined
}

function statusOf(event: TaskFinished): TransportStatus | undefined {
  if (event.status !== 'ok') return undefined
  // The module's own result: the shape is its word.
  const result = event.result as unknown as Omit<TransportStatus, 'host' | 'renewal'> &
    Omit<CertificateStatus['renewal'], 'text'> & { readonly reason: string }
  const { file, served, trusted, action, due, reasons, reason, hint } = result
  return { host: event.host, file, served, trusted, renewal: { action, due, reasons, text: reason, hint } }
}

/** A table for people: a line a node where file and handshake agree, then what a renewal would do and why. */
export function transportTable(nodes: readonly TransportStatus[], color: boolean): string {
  return table('TRANSPORT', nodes, color)
}

export function kibanaTable(hosts: readonly KibanaStatus[], color: boolean): string {
  return table('KIBANA', hosts, color)
}

function table(title: string, nodes: readonly KibanaStatus[], color: boolean): string {
  const width = Math.max(4, ...nodes.map((node) => node.host.length))
  const head = `${'NODE'.padEnd(width)}  ${cells(title, 'VALID UNTIL', 'ISSUER')}`
  return [dye(head.trimEnd(), 'bold', color), ...nodes.flatMap((node) => rowsOf(node, width, color))].join('\n')
}

function rowsOf({ host, file, served, renewal }: KibanaStatus, width: number, color: boolean): readonly string[] {
  const isSame = file.fingerprint !== undefined && file.fingerprint === served.fingerprint
  const row = (text: string, name = '') => `${name.padEnd(width)}  ${printable(text)}`.trimEnd()
  return [
    row(seenText(file), host),
    ...(isSame ? [] : [row(`served: ${seenText(served)}`)]),
    `${' '.repeat(width)}  ${verdictText(renewal, color)}`,
    ...(renewal.hint === '' ? [] : [row(renewal.hint)]),
  ]
}

function seenText({ problem, serial = '', not_after: end = '', issuer = '' }: SeenCertificate): string {
  if (problem !== undefined) return `- (${problem})`
  return cells(serial.length > 12 ? `${serial.slice(0, 12)}…` : serial, end.slice(0, 10), issuer)
}

function cells(serial: string, end: string, issuer: string): string {
  return `${serial.padEnd(13)}  ${end.padEnd(11)}  ${issuer}`
}
