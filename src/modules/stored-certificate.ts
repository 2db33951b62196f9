import { createHash, type X509Certificate } from 'node:crypto'
import type { RenewalView } from '../elastic/renewal.ts'
import { throwProblems } from '../errors.ts'
import type { CertificateNames } from '../pki/certificate-name.ts'
import { certificatesFromPem } from '../pki/pem.ts'
import { authorityPaths, leafPaths, passwordPath, storeNameProblem } from '../pki/store.ts'
import { Secret } from '../secrets/secret.ts'
import { storedLeaf } from './certificate.ts'
import type { StatusArguments } from './certificate-status-arguments.ts'
import type { Look } from './module.ts'
import { ownAuthority, storedFile } from './pki-files.ts'

/** The store's side of a renewal, and what the host's side is compared with. */
export interface StoredSide {
  readonly view: Pick<RenewalView, 'stored' | 'otherAuthority' | 'isPasswordChanged'>
  readonly authorityPem: string | undefined
  readonly password: Secret | undefined
  /** Of the PKCS#12 store as it is placed on a host. */
  readonly sha256: string | undefined
}

/** Reads the store on the controller. The key of the CA is not needed, and not read. */
export async function storedSide(look: Look, given: StatusArguments, names: CertificateNames): Promise<StoredSide> {
  const problem = storeNameProblem(given.node)
  throwProblems(problem === undefined ? [] : [problem])
  const here: Look = { ...look, host: look.controller }
  const paths = leafPaths(given.dir, given.node, 'http')
  const authorityPath = authorityPaths(given.dir, given.ca).certificate
  const [pem, kept, envelope, own] = await Promise.all([
    storedFile(here, authorityPath),
    storedSecret(here, passwordPath(given.dir)),
    storedSecret(here, paths.store),
    ownAuthority(here, given),
  ])
  const password = given.p12_password ?? asLine(kept)
  const common = {
    authorityPem: pem?.toString(),
    password,
    sha256: envelope === undefined ? undefined : createHash('sha256').update(envelope.revealBytes()).digest('hex'),
  }
  const isPasswordChanged = kept !== undefined && password?.equals(asLine(kept) ?? kept) === false
  const [authority] = pem === undefined ? [] : certificatesFromPem(pem.toString(), authorityPath)
  if (authority === undefined || password === undefined) {
    return { ...common, view: { stored: undefined, otherAuthority: undefined, isPasswordChanged } }
  }
  const leaf = await storedLeaf(here, paths, { file: 'http', p12_password: password })
  const { renew_before_days: renewBeforeDays, force } = given
  const stored = { ...leaf, authority, names, usages: ['server'] as const, renewBeforeDays, force }
  return { ...common, view: { stored, otherAuthority: otherThan(authority, own?.certificate), isPasswordChanged } }
}

function otherThan(authority: X509Certificate, own: X509Certificate | undefined): X509Certificate | undefined {
  return own === undefined || own.raw.equals(authority.raw) ? undefined : own
}

async function storedSecret(here: Look, file: string): Promise<Secret | undefined> {
  const content = await storedFile(here, file)
  if (content === undefined) return undefined
  return here.vault.isEncrypted(content) ? here.vault.decrypt(content, file) : new Secret(content)
}

/** Editors end a file with a newline; no password does. */
function asLine(stored: Secret | undefined): Secret | undefined {
  return stored === undefined ? undefined : new Secret(stored.reveal().replace(/\r?\n$/, ''))
}
