import { Secret } from '../../src/secrets/secret.ts'
import { certificatesToPem } from '../../src/pki/pem.ts'
import { issueAuthority, issueLeaf } from '../../src/pki/issue.ts'
import { writePkcs12 } from '../../src/pki/pkcs12.ts'

/** What a cluster with transport TLS has already: one certificate of its own authority for all nodes. */
export async function transportCertificate(
  password: string,
): Promise<{ readonly p12: Buffer; readonly caPem: string }> {
  const now = new Date()
  const authority = await issueAuthority({ commonName: 'Demo transport CA', days: 30, keyBits: 2048, now })
  const leaf = await issueLeaf(
    {
      commonName: 'instance',
      names: { dns: ['localhost'], addresses: ['127.0.0.1'] },
      days: 30,
      keyBits: 2048,
      usages: ['server', 'client'],
      now,
    },
    authority,
  )
  const entry = { alias: 'instance', key: leaf.key, certificate: leaf.certificate, chain: [authority.certificate] }
  return { p12: writePkcs12(entry, new Secret(password)), caPem: certificatesToPem([authority.certificate]) }
}
