import { createHash } from 'node:crypto'
import type { RenewalView } from '../elastic/renewal.ts'
import { throwProblems } from '../errors.ts'
import type { CertificateNames } from '../pki/certificate-name.ts'
import { leafPaths, passwordPath, storeNameProblem } from '../pki/store.ts'
import { Secret } from '../secrets/secret.ts'
import { isForced } from './is-forced.ts'
import { storedLeaf } from './stored-leaf.ts'
import type { StatusArguments } from './certificate-status-arguments.ts'
import {
  issuingAuthority,
  storedAuthorities,
  type NamedAuthority,
  type StoredAuthorities,
} from './issuing-authority.ts'
import type { Look } from './module.ts'
import { ownAuthority, passwordIn, storedFile } from './pki-files.ts'

/** The store's side of a renewal, and what the host's side is compared with. */
export interface StoredSide {
  readonly view: Pick<RenewalView, 'stored' | 'otherAuthority' | 'rotatedAuthority' | 'isPasswordChanged'>
  readonly authorities: StoredAuthorities
  /** Of them, the one that the node's certificate comes from, or would. */
  readonly authority: NamedAuthority | undefined
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
  const [authorities, kept, envelope, own] = await Promise.all([
    storedAuthorities(look, given.dir, given.ca),
    storedPassword(here, passwordPath(given.dir)),
    storedSecret(here, paths.store),
    ownAuthority(here, given),
  ])
  const password = given.p12_password ?? kept
  const leaf = password && (await storedLeaf(here, paths, { file: 'http', p12_password: password }))
  const authority = issuingAuthority(authorities, leaf?.certificate)
  const common = {
    authorities,
    authority,
    password,
    sha256: envelope === undefined ? undefined : createHash('sha256').update(envelope.revealBytes()).digest('hex'),
  }
  const isPasswordChanged = kept !== undefined && password?.equals(kept) === false
  if (authority === undefined || leaf === undefined) {
    return {
      ...common,
      view: { stored: undefined, otherAuthority: undefined, rotatedAuthority: undefined, isPasswordChanged },
    }
  }
  const { renew_before_days: renewBeforeDays, renew_before: renewBefore } = given
  const force = isForced(given, leaf.certificate, look)
  const usages = ['server'] as const
  const stored = { ...leaf, authority: authority.certificate, names, usages, renewBeforeDays, renewBefore, force }
  const known = [authorities.current, authorities.next].flatMap((one) => one?.certificate ?? [])
  const otherAuthority = known.some((one) => own?.certificate.raw.equals(one.raw)) ? undefined : own?.certificate
  const rotatedAuthority = known.find((one) => !one.raw.equals(authority.certificate.raw))
  return { ...common, view: { stored, otherAuthority, rotatedAuthority, isPasswordChanged } }
}

async function storedPassword(here: Look, file: string): Promise<Secret | undefined> {
  const stored = await storedSecret(here, file)
  return stored === undefined ? undefined : passwordIn(stored)
}

async function storedSecret(here: Look, file: string): Promise<Secret | undefined> {
  const content = await storedFile(here, file)
  if (content === undefined) return undefined
  return here.vault.isEncrypted(content) ? here.vault.decrypt(content, file) : new Secret(content)
}
