import type { X509Certificate } from 'node:crypto'
import {
  certificateNames,
  dayText,
  fingerprint,
  issuerText,
  serialNumber,
  subjectText,
} from '../pki/certificate-fields.ts'
import type { Values } from './module.ts'

/** What the result of a module says of a certificate. */
export function certificateValues(certificate: X509Certificate): Values {
  return {
    serial: serialNumber(certificate),
    fingerprint: fingerprint(certificate),
    issuer: issuerText(certificate),
    not_before: certificate.validFromDate.toISOString(),
    not_after: certificate.validToDate.toISOString(),
  }
}

/** What a diff shows of one, without serial number and key: those of a check would not be those of the run. */
export function certificateText(certificate: X509Certificate): string {
  const { dns, addresses } = certificateNames(certificate)
  const lines = [
    `subject: ${subjectText(certificate)}`,
    `issuer: ${issuerText(certificate)}`,
    ...dns.map((name) => `name: ${name}`),
    ...addresses.map((address) => `address: ${address}`),
    `valid until: ${dayText(certificate.validToDate)}`,
  ]
  return lines.map((line) => `${line}\n`).join('')
}
