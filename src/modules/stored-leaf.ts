import type { X509Certificate } from 'node:crypto'
import { certificatesFromPem } from '../pki/pem.ts'
import { certificateOf, readPkcs12 } from '../pki/pkcs12.ts'
import { PkiError } from '../pki/pki-error.ts'
import type { LeafPaths } from '../pki/store.ts'
import type { Secret } from '../secrets/secret.ts'
import type { Look } from './module.ts'
import { storedFile } from './pki-files.ts'

interface StoredLeaf {
  readonly certificate: X509Certificate | undefined
  readonly unreadable?: string | undefined
  readonly keyMatches: boolean
}

/** What the store holds of a node, as the question for `reissueReason` has it. */
export async function storedLeaf(
  look: Look,
  paths: LeafPaths,
  given: { readonly file: string; readonly p12_password: Secret },
): Promise<StoredLeaf> {
  const [pem, envelope] = await Promise.all([storedFile(look, paths.certificate), storedFile(look, paths.store)])
  if (pem === undefined || envelope === undefined) return { certificate: undefined, keyMatches: false }
  const store = look.vault.isEncrypted(envelope) ? look.vault.decrypt(envelope, paths.store).revealBytes() : envelope
  const found = readable(() => certificatesFromPem(pem.toString(), `${given.file}.crt`)[0])
  if (found.unreadable !== undefined || found.value === undefined) {
    const unreadable = found.unreadable ?? `no certificate in ${given.file}.crt`
    return { certificate: undefined, unreadable, keyMatches: false }
  }
  const certificate = found.value
  const own = readable(() => {
    const opened = readPkcs12(store, given.p12_password)
    const [key] = opened.keys
    return key === undefined ? undefined : certificateOf(opened, key)
  })
  const unreadable = own.unreadable === undefined ? undefined : `${given.file}.p12: ${own.unreadable}`
  return { certificate, unreadable, keyMatches: own.value?.raw.equals(certificate.raw) === true }
}

/** What cannot be read in the store is issued anew; all other errors are errors. */
function readable<T>(read: () => T): { readonly value?: T; readonly unreadable?: string } {
  try {
    return { value: read() }
  } catch (thrown) {
    if (!(thrown instanceof PkiError)) throw thrown
    return { unreadable: thrown.message }
  }
}
