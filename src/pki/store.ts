import { join } from 'node:path'
import type { Problem } from '../errors.ts'

/*
 * The store is a folder that is safe to commit: what is secret in it is vault-encrypted. Paths only; nothing here
 * touches a disk.
 */

export interface AuthorityPaths {
  readonly folder: string
  /** PEM; where the CA has issuers of its own, they follow. */
  readonly certificate: string
  /** Vaulted PEM. Absent for a CA of the user's own, whose key stays where it is. */
  readonly key: string
}

export interface LeafPaths {
  readonly folder: string
  /** PEM, readable without the vault. */
  readonly certificate: string
  /** Vault envelope of the PKCS#12 store. */
  readonly store: string
}

export function authorityPaths(dir: string, name: string): AuthorityPaths {
  const folder = join(dir, 'ca')
  return { folder, certificate: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) }
}

export function leafPaths(dir: string, node: string, file: string): LeafPaths {
  const folder = join(dir, node)
  return { folder, certificate: join(folder, `${file}.crt`), store: join(folder, `${file}.p12`) }
}

/** The CA that a rotation of the CA `name` goes over to. It is in the store as long as the rotation is under way. */
export function nextAuthority(name: string): string {
  return `${name}-next`
}

export function isNextAuthority(name: string): boolean {
  return name.endsWith('-next')
}

/** Where the certificate of a CA stays when another one has taken its place. Its key is not kept. */
export function formerAuthorityPath(dir: string, name: string, serial: string): string {
  return join(dir, 'ca', `${name}-old-${serial}.crt`)
}

export function isFormerAuthority(path: string, dir: string, name: string): boolean {
  return path.startsWith(join(dir, 'ca', `${name}-old-`)) && path.endsWith('.crt')
}

/** Vaulted password of all PKCS#12 stores. */
export function passwordPath(dir: string): string {
  return join(dir, 'http-p12-password')
}

/** PEM bundle for clients. */
export function bundlePath(dir: string): string {
  return join(dir, 'elasticsearch-ca.pem')
}

/** Why a name cannot be a file or folder of the store; undefined when it can. */
export function storeNameProblem(name: string): Problem | undefined {
  if (/^[A-Za-z0-9_][A-Za-z0-9._-]{0,199}$/.test(name)) return undefined
  return { message: `"${name}" cannot be a name in the PKI store`, hint: 'Use letters, digits, ".", "_" and "-"' }
}
