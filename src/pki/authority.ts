import type { X509Certificate } from 'node:crypto'
import { Secret } from '../secrets/secret.ts'
import { dayText, issuersOf, mayIssue, subjectText } from './certificate-fields.ts'
import { assertCanSign, type Authority } from './issue.ts'
import { certificatesFromPem, isPem, keyFromPem } from './pem.ts'
import { readPkcs12, type StoredKey } from './pkcs12.ts'
import { PkiError } from './pki-error.ts'

/** A CA's files as read: a PKCS#12 store alone, or a PEM certificate with its key (in one file or two). */
export interface AuthorityFiles {
  readonly path: string
  readonly content: Buffer
  readonly keyPath?: string | undefined
  readonly keyContent?: Buffer | undefined
  readonly password?: Secret | undefined
}

/** Opens and checks a CA of the user's own. Throws a PkiError that says what is wrong with it and what to do. */
export function openAuthority(files: AuthorityFiles, now: Date): Authority {
  const authority = isPem(files.content) ? authorityFromPem(files) : authorityFromPkcs12(files)
  checkAuthority(authority, files.path, now)
  return authority
}

/** A certificate and key that belong to each other, a CA, valid now, with a key we can sign with. */
export function checkAuthority(authority: Authority, where: string, now: Date): void {
  const { certificate, key } = authority
  if (!certificate.checkPrivateKey(key)) {
    throw new PkiError(`The private key of the CA "${where}" does not match its certificate`)
  }
  checkAuthorityCertificate(certificate, where, now)
  assertCanSign(key)
  const bits = key.asymmetricKeyDetails?.modulusLength
  if (bits !== undefined && bits < 2048) {
    throw new PkiError(`The RSA key of the CA "${where}" has only ${bits} bits`, {
      hint: 'OpenSSL 3 refuses certificates of such a CA; use one with 2048 bits or more',
    })
  }
}

export function checkAuthorityCertificate(certificate: X509Certificate, where: string, now: Date): void {
  if (!mayIssue(certificate)) {
    throw new PkiError(`The certificate "${subjectText(certificate)}" in "${where}" is no CA and cannot issue others`, {
      hint: 'Give the file that "elasticsearch-certutil ca" made (elastic-stack-ca.p12), not a node\'s certificate',
    })
  }
  if (certificate.validToDate <= now) {
    throw new PkiError(`The CA "${where}" expired on ${dayText(certificate.validToDate)}`, {
      hint: 'Make or take a new CA; clients must trust it before the nodes use it',
    })
  }
  if (certificate.validFromDate > now) {
    throw new PkiError(`The CA "${where}" is not valid before ${certificate.validFromDate.toISOString()}`, {
      hint: "Check this machine's clock",
    })
  }
}

/** What to tell when a leaf of that many days would outlive its CA; undefined when it does not. */
export function lifetimeWarning(certificate: X509Certificate, leafDays: number, now: Date): string | undefined {
  const end = certificate.validToDate
  if (now.getTime() + leafDays * 86_400_000 <= end.getTime()) return undefined
  return `The CA expires on ${dayText(end)}, before a certificate of ${leafDays} days would; certificates end with it`
}

const noPassword = new Secret('')

function authorityFromPem(files: AuthorityFiles): Authority {
  const text = files.content.toString('latin1')
  const certificates = certificatesFromPem(text, files.path)
  if (certificates.length === 0) {
    throw new PkiError(`There is no certificate in "${files.path}"`, {
      hint: 'Give the PEM file of the CA certificate',
    })
  }
  const keyPath = files.keyPath ?? files.path
  const key = keyFromPem((files.keyContent ?? files.content).toString('latin1'), files.password, keyPath)
  const certificate = certificates.find((one) => one.checkPrivateKey(key))
  if (certificate === undefined) {
    throw new PkiError(`The private key in "${keyPath}" does not match the CA certificate in "${files.path}"`)
  }
  return { certificate, key, chain: issuersOf(certificate, certificates) }
}

function authorityFromPkcs12(files: AuthorityFiles): Authority {
  const { path, content } = files
  refuseOtherKinds(path, content)
  const store = opened(files)
  const pairs = store.keys.flatMap((stored) => {
    const certificate = store.certificates.find((one) => one.certificate.checkPrivateKey(stored.key))?.certificate
    return certificate === undefined ? [] : [{ key: stored.key, certificate }]
  })
  if (pairs.length === 0) throw noPair(path, store.keys)
  // The http.p12 that Elasticsearch makes by itself holds its CA's key beside the node's.
  const authorities = pairs.filter((pair) => mayIssue(pair.certificate))
  const [pair] = authorities.length > 0 ? authorities : pairs
  if (pair === undefined || authorities.length > 1) {
    throw new PkiError(`The store "${path}" holds ${authorities.length} CA keys`, {
      hint: 'Give a store with one CA in it',
    })
  }
  const all = store.certificates.map((one) => one.certificate)
  return { ...pair, chain: issuersOf(pair.certificate, all) }
}

function opened(files: AuthorityFiles): ReturnType<typeof readPkcs12> {
  try {
    return readPkcs12(files.content, files.password ?? noPassword)
  } catch (thrown) {
    if (!(thrown instanceof PkiError)) throw thrown
    throw new PkiError(`Cannot open the CA "${files.path}": ${lowerFirst(thrown.message)}`, {
      hint: thrown.hint ?? 'Check its password: http_ca_password, or transport_ca_password',
      cause: thrown,
    })
  }
}

function refuseOtherKinds(path: string, content: Buffer): void {
  if (content.subarray(0, 4).equals(Buffer.from('feedfeed', 'hex'))) {
    throw new PkiError(`The CA "${path}" is a Java keystore (JKS)`, {
      hint: `Convert it: keytool -importkeystore -srckeystore ${path} -destkeystore ca.p12 -deststoretype PKCS12`,
    })
  }
  if (content[0] !== 0x30) {
    throw new PkiError(`The CA "${path}" is neither PKCS#12 nor PEM`, {
      hint: 'Give elastic-stack-ca.p12, or a PEM certificate with its key',
    })
  }
}

function noPair(path: string, keys: readonly StoredKey[]): PkiError {
  return keys.length === 0
    ? new PkiError(`The store "${path}" holds no private key`, {
        hint: 'A CA must have its private key to issue certificates; a truststore has none',
      })
    : new PkiError(`The private key in "${path}" does not match a certificate in it`)
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}
