import type { X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import { fileAt } from '../facts/file.ts'
import { treeAt } from '../facts/tree.ts'
import { certificatesFromPem } from '../pki/pem.ts'
import { isFrom } from '../pki/reissue-reason.ts'
import { authorityPaths, isFormerAuthority, nextAuthority } from '../pki/store.ts'
import type { Look } from './module.ts'
import { storedFile } from './pki-files.ts'

/** A CA of the store, without its key. */
export interface NamedAuthority {
  readonly name: string
  readonly certificate: X509Certificate
}

/** The CA of a name and, while it is rotated, the one that is to take its place. Looks on the controller. */
export interface StoredAuthorities {
  readonly current: NamedAuthority | undefined
  readonly next: NamedAuthority | undefined
}

export async function storedAuthorities(look: Look, dir: string, name: string): Promise<StoredAuthorities> {
  const here: Look = { ...look, host: look.controller }
  const [current, next] = await Promise.all([name, nextAuthority(name)].map((one) => named(here, dir, one)))
  return { current, next }
}

/**
 * The CA that a node's certificate comes from. While the CA is rotated it is the next one for every node that has a
 * certificate of it in the store: what issues or renews in the meantime does not take that back.
 */
export function issuingAuthority(
  { current, next }: StoredAuthorities,
  leaf: X509Certificate | undefined,
): NamedAuthority | undefined {
  const isMoved = leaf !== undefined && next !== undefined && isFrom(leaf, next.certificate)
  return isMoved ? next : current
}

/** The CAs that another one has taken the place of. Looks on the controller. */
export async function formerAuthorities(look: Look, dir: string, name: string): Promise<readonly X509Certificate[]> {
  const here: Look = { ...look, host: look.controller }
  const { folder } = authorityPaths(dir, name)
  if ((await here.host.ask(fileAt(folder))).kind !== 'directory') return []
  const entries = await here.host.ask(treeAt(folder))
  const paths = entries.map(({ path }) => join(folder, path)).filter((path) => isFormerAuthority(path, dir, name))
  const pems = await Promise.all(paths.map((path) => storedFile(here, path)))
  return pems.flatMap((pem, index) =>
    pem === undefined ? [] : certificatesFromPem(pem.toString(), paths[index] ?? ''),
  )
}

async function named(here: Look, dir: string, name: string): Promise<NamedAuthority | undefined> {
  const { certificate: path } = authorityPaths(dir, name)
  const pem = await storedFile(here, path)
  const [certificate] = pem === undefined ? [] : certificatesFromPem(pem.toString(), path)
  return certificate === undefined ? undefined : { name, certificate }
}
