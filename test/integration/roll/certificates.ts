import { issueAuthority, issueLeaf, type Authority } from '../../../src/pki/issue.ts'
import { writePkcs12 } from '../../../src/pki/pkcs12.ts'
import { Secret } from '../../../src/secrets/secret.ts'

/** The certificate that all nodes have, and the one that a roll brings. */
export interface RollCertificates {
  readonly caPem: string
  readonly before: StoredCertificate
  readonly after: StoredCertificate
}

export interface StoredCertificate {
  readonly p12: Buffer
  readonly serial: string
}

/** What the connection sends within a request is not longer. */
const largestWrittenInput = 8_192

export const p12Password = 'password of http.p12'

export async function rollCertificates(): Promise<RollCertificates> {
  const authority = await issueAuthority({ commonName: 'CA of the roll', days: 100, keyBits: 2048, now: new Date() })
  const [before, after] = await Promise.all([stored(authority), stored(authority)])
  return { caPem: authority.certificate.toString(), before, after }
}

/** With so many names that its file is sent as a stream of its own, which can be cut in its middle. */
async function stored(authority: Authority): Promise<StoredCertificate> {
  const names = Array.from({ length: 300 }, (_, number) => `es${String(number)}.roll.example`)
  const leaf = await issueLeaf(
    {
      commonName: 'es',
      names: { dns: names, addresses: ['127.0.0.1'] },
      days: 50,
      keyBits: 2048,
      usages: ['server'],
      now: new Date(),
    },
    authority,
  )
  const entry = { alias: 'http', ...leaf, chain: [authority.certificate] }
  const p12 = writePkcs12(entry, new Secret(p12Password))
  if (p12.length <= largestWrittenInput) throw new Error('the file is sent within a request')
  return {
    p12,
    serial: leaf.certificate.serialNumber.toLowerCase().replace(/^0+/, ''),
  }
}
