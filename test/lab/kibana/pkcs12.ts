import { readFileSync } from 'node:fs'
import forge from 'node-forge'
import { ConfigError } from './config-error.ts'

export interface OpenedStore {
  readonly key: string | undefined
  readonly certificate: string | undefined
  readonly authorities: readonly string[]
}

/** As packages/kbn-crypto/src/pkcs12.ts of Kibana: node-forge, and one password for the store and its key. */
export function openPkcs12(path: string, password: string | undefined): OpenedStore {
  const der = forge.util.decode64(readFileSync(path).toString('base64'))
  const store = forge.pkcs12.pkcs12FromAsn1(forge.asn1.fromDer(der), password)
  const bags = store.safeContents.flatMap((content) => content.safeBags)
  const keys = bags.filter(
    (bag) => bag.type === forge.pki.oids['keyBag'] || bag.type === forge.pki.oids['pkcs8ShroudedKeyBag'],
  )
  if (keys.length > 1) throw new ConfigError('Keystore contains multiple private keys.')
  const certificates = bags.map((bag) => bag.cert).filter((certificate) => certificate !== undefined)
  // An EC key's bag is there, but its key is not parsed.
  const key = keys[0]?.key as forge.pki.rsa.PrivateKey | null | undefined
  const own = certificates.find((certificate) => key != null && matches(certificate, key))
  return {
    key: key == null ? undefined : forge.pki.privateKeyToPem(key),
    certificate: own === undefined ? undefined : forge.pki.certificateToPem(own),
    authorities: certificates.filter((one) => one !== own).map((one) => forge.pki.certificateToPem(one)),
  }
}

function matches(certificate: forge.pki.Certificate, key: forge.pki.rsa.PrivateKey): boolean {
  const own = certificate.publicKey as Partial<forge.pki.rsa.PublicKey> | null
  return own?.n?.equals(key.n) === true && own.e?.equals(key.e) === true
}
