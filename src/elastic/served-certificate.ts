import { createHash, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { HttpError, openTls } from '../facts/http.ts'
import type { Reader } from '../facts/question.ts'

/** What a fresh TLS handshake shows. */
export interface ServedCertificate {
  /** Lower-case hex without leading zeros, as Elasticsearch's own APIs write it. */
  readonly serial: string
  /** SHA-256 of the certificate, lower-case hex. */
  readonly fingerprint: string
  readonly subject: string
  readonly issuer: string
  readonly notAfter: Date
  /** `DNS:ek1`, `IP:192.0.2.1`. */
  readonly names: readonly string[]
  readonly protocol: string
  /** Why the certificate is not accepted for this address under the given authorities; undefined when it is. */
  readonly rejected: string | undefined
}

export interface HandshakeTarget {
  readonly host: string
  readonly port: number
  /** PEM of the authorities; undefined: the controller's own. */
  readonly ca?: string | undefined
  /** The name to verify instead of `host`. */
  readonly servername?: string | undefined
  readonly timeoutMs?: number | undefined
}

/** Shakes hands once, from the host itself, on a new connection. Throws an HttpError when no TLS is spoken there. */
export async function servedCertificate(reader: Reader, target: HandshakeTarget): Promise<ServedCertificate> {
  const { certificate, protocol, rejected } = await shownCertificate(reader, target)
  return { ...describe(certificate), protocol, rejected }
}

/** The same, with the certificate itself. */
export async function shownCertificate(
  reader: Reader,
  target: HandshakeTarget,
): Promise<Pick<ServedCertificate, 'protocol' | 'rejected'> & { readonly certificate: X509Certificate }> {
  const host = target.host.includes(':') ? `[${target.host}]` : target.host
  const words = { url: `https://${host}:${target.port}`, ca: target.ca, timeoutMs: target.timeoutMs ?? 15_000 }
  const look = await openTls(reader, { ...words, verify: 'none' })
  try {
    const raw = look.getPeerCertificate(false).raw
    if (raw === undefined) throw new HttpError('tls', `${words.url} shows no certificate`)
    const certificate = new X509Certificate(raw)
    const chain = look.authorized ? undefined : chainReason(look.authorizationError)
    const rejected = chain ?? nameReason(certificate, target.servername ?? target.host)
    return { certificate, protocol: look.getProtocol() ?? '', rejected }
  } finally {
    look.destroy()
  }
}

/** The serial as all of this code writes it. */
export function plainSerial(serial: string): string {
  return serial
    .replaceAll(':', '')
    .toLowerCase()
    .replace(/^0+(?=.)/, '')
}

function describe(certificate: X509Certificate): Omit<ServedCertificate, 'protocol' | 'rejected'> {
  return {
    serial: plainSerial(certificate.serialNumber),
    fingerprint: createHash('sha256').update(certificate.raw).digest('hex'),
    subject: certificate.subject.replaceAll('\n', ', '),
    issuer: certificate.issuer.replaceAll('\n', ', '),
    notAfter: new Date(certificate.validTo),
    names: (certificate.subjectAltName ?? '')
      .split(', ')
      .filter((name) => name !== '')
      .map((name) => name.replace('IP Address:', 'IP:')),
  }
}

function chainReason(error: unknown): string {
  return typeof error === 'string' ? error : error instanceof Error ? error.message : 'the chain does not verify'
}

function nameReason(certificate: X509Certificate, name: string): string | undefined {
  const fits = isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)
  return fits === undefined ? `it does not carry the name "${name}"` : undefined
}
