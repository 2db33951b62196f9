import type { X509Certificate } from 'node:crypto'
import { addressText, type CertificateNames } from './certificate-name.ts'
import { bytesOf, childrenOf, decodeDer, isTagged, isType, objectIdOf, type DerNode } from './der.ts'
import { objectIds } from './object-ids.ts'

/** Parts of a certificate that node:crypto does not give, or gives as text that is hard to take apart. */
export interface CertificateFields {
  /** The subject as it stands there, byte for byte: what an issued certificate must repeat as its issuer. */
  readonly subject: DerNode
  readonly publicKeyBits: Buffer
  /** Content of the extensions, by object identifier. */
  readonly extensions: ReadonlyMap<string, Buffer>
}

export function certificateFields(certificate: X509Certificate): CertificateFields {
  const parts = [...childrenOf(childrenOf(decodeDer(certificate.raw))[0])]
  if (isTagged(parts[0], 0)) parts.shift()
  const [, , , , subject, publicKey, ...optional] = parts
  const extensions = optional.find((part) => isTagged(part, 3))
  if (subject === undefined) throw new TypeError('a parsed certificate has a subject')
  return {
    subject,
    publicKeyBits: bytesOf(childrenOf(publicKey)[1]).subarray(1),
    extensions: new Map(extensions === undefined ? [] : childrenOf(childrenOf(extensions)[0]).map(readExtension)),
  }
}

/** DNS names and IP addresses of the certificate. Other kinds of names are left out. */
export function certificateNames(certificate: X509Certificate): CertificateNames {
  const extension = certificateFields(certificate).extensions.get(objectIds.subjectAltName)
  const names = extension === undefined ? [] : childrenOf(decodeDer(extension))
  return {
    dns: names.filter((name) => isTagged(name, 2)).map((name) => bytesOf(name).toString('latin1').toLowerCase()),
    addresses: names.filter((name) => isTagged(name, 7)).map((name) => addressText(bytesOf(name))),
  }
}

/** Whether the certificate is a CA whose key usage, where it is restricted, includes signing certificates. */
export function mayIssue(certificate: X509Certificate): boolean {
  const usage = certificateFields(certificate).extensions.get(objectIds.keyUsage)
  if (!certificate.ca) return false
  // keyCertSign is bit 5: the third bit from the right of the first byte.
  return usage === undefined || ((bytesOf(decodeDer(usage))[1] ?? 0) & 0x04) !== 0
}

/** Lower-case hex without leading zeros, as Elasticsearch's `_ssl/certificates` shows it. */
export function serialNumber(certificate: X509Certificate): string {
  return certificate.serialNumber.toLowerCase().replace(/^0+(?=.)/, '')
}

/** Enough of it to tell two certificates apart. */
export function shortSerial(certificate: X509Certificate): string {
  const serial = serialNumber(certificate)
  return serial.length > 12 ? `${serial.slice(0, 12)}…` : serial
}

/** SHA-256 of the certificate, lower-case hex. */
export function fingerprint(certificate: X509Certificate): string {
  return certificate.fingerprint256.replaceAll(':', '').toLowerCase()
}

/** Whether one of them is this very certificate. */
export function isAmong(certificate: X509Certificate, others: readonly X509Certificate[]): boolean {
  return others.some((one) => one.raw.equals(certificate.raw))
}

/** The certificates above one, its issuer first, as far as they are there. */
export function issuersOf(certificate: X509Certificate, all: readonly X509Certificate[]): readonly X509Certificate[] {
  const chain: X509Certificate[] = []
  let current = certificate
  for (;;) {
    const issuer = all.find(
      (one) => !one.raw.equals(current.raw) && current.checkIssued(one) && current.verify(one.publicKey),
    )
    if (issuer === undefined || chain.some((one) => one.raw.equals(issuer.raw))) return chain
    chain.push(issuer)
    current = issuer
  }
}

/** The subject on one line: `CN=es1, DC=lab`. */
export function subjectText(certificate: X509Certificate): string {
  return certificate.subject.split('\n').join(', ')
}

/** The subject of a CA with its serial number: two CAs may have one name. */
export function authorityText(certificate: X509Certificate): string {
  return `${subjectText(certificate)} (${shortSerial(certificate)})`
}

/** The issuer, likewise. */
export function issuerText(certificate: X509Certificate): string {
  return certificate.issuer.split('\n').join(', ')
}

/** `2027-03-01`, in UTC. */
export function dayText(date: Date): string {
  return date.toISOString().slice(0, 10)
}

function readExtension(extension: DerNode): readonly [string, Buffer] {
  const [id, ...rest] = childrenOf(extension)
  return [objectIdOf(id), bytesOf(rest.find((part) => isType(part, 'octets')))]
}
