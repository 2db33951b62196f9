import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto'
import { asError } from '../errors.ts'
import type { Secret } from '../secrets/secret.ts'
import { PkiError } from './pki-error.ts'

const certificateBlock =
  /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[^-]+-----END (?:X509 |TRUSTED )?CERTIFICATE-----/g
const keyBlock = /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----[\s\S]+?-----END (?:[A-Z]+ )*PRIVATE KEY-----/

export function isPem(bytes: Buffer): boolean {
  return bytes.includes('-----BEGIN ')
}

/** All certificates of a PEM text, in order. Throws a PkiError naming `where` for a damaged one. */
export function certificatesFromPem(text: string, where: string): readonly X509Certificate[] {
  return [...text.matchAll(certificateBlock)].map(([block]) => {
    try {
      return new X509Certificate(block)
    } catch (thrown) {
      throw new PkiError(`A certificate in "${where}" cannot be read`, { cause: thrown })
    }
  })
}

/** One PEM text of all certificates, as trust bundles are. */
export function certificatesToPem(certificates: readonly X509Certificate[]): string {
  return certificates.map((certificate) => certificate.toString()).join('')
}

/**
 * A private key in PKCS#1, SEC1 or PKCS#8, plain or encrypted (also the old DEK-Info form). Throws a PkiError naming
 * `where`: no key, password missing, wrong password.
 */
export function keyFromPem(text: string, password: Secret | undefined, where: string): KeyObject {
  const [block] = keyBlock.exec(text) ?? []
  if (block === undefined) throw new PkiError(`There is no private key in "${where}"`)
  const isEncrypted = /BEGIN ENCRYPTED|Proc-Type: 4,ENCRYPTED/.test(block)
  if (isEncrypted && password === undefined) {
    throw new PkiError(`The private key in "${where}" is encrypted and no password is given`)
  }
  try {
    return createPrivateKey({ key: block, ...(isEncrypted ? { passphrase: password?.revealBytes() } : {}) })
  } catch (thrown) {
    const cause = asError(thrown)
    if (isEncrypted) throw new PkiError(`The password does not open the private key in "${where}"`, { cause })
    throw new PkiError(`The private key in "${where}" cannot be read`, { cause })
  }
}

export function keyToPem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString()
}
