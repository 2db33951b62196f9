import type { OpenTransport, TransportFiles } from '../elastic/transport-files.ts'
import type { AuthorityInHand } from '../elastic/transport-plan.ts'
import { TaskError } from '../errors.ts'
import type { Authority } from '../pki/issue.ts'
import { authorityPaths } from '../pki/store.ts'
import { issuingAuthority, storedAuthorities, type NamedAuthority } from './issuing-authority.ts'
import type { Look } from './module.ts'
import { ownAuthority, storedAuthority } from './pki-files.ts'
import { transportWords, type TransportArguments, type TransportWords } from './transport-arguments.ts'
import { transportFiles } from './transport-stores.ts'

/** A node's transport TLS, and the CA that it is to have its certificate from. */
export interface TransportLook {
  readonly words: TransportWords
  readonly files: TransportFiles
  readonly authority: AuthorityInHand | undefined
}

export async function lookAtTransport(look: Look, given: TransportArguments): Promise<TransportLook> {
  const words = transportWords(look, given)
  const files = await transportFiles(look, words)
  return { words, files, authority: await authorityInHand(look, words, files) }
}

/** The same where its files are to be changed while it runs; `refusal` says what cannot be where they do not open. */
export async function lookToChange(
  look: Look,
  given: TransportArguments,
  refusal: string,
): Promise<TransportLook & { readonly files: OpenTransport }> {
  const { files, ...seen } = await lookAtTransport(look, given)
  if (files.kind === 'open') return { ...seen, files }
  throw new TaskError(`${refusal}: ${files.kind === 'off' ? 'transport TLS is off' : files.reason}`)
}

/** The CA in hand with its key. Throws where there is none. */
export async function signingAuthority(look: Look, words: TransportWords, files: TransportFiles): Promise<Authority> {
  const here: Look = { ...look, host: look.controller }
  const own = await ownAuthority(here, words)
  if (own !== undefined) return own
  const stored = await storedInHand(look, words, files)
  if (stored === undefined || words.dir === undefined) throw noAuthority()
  return storedAuthority(here, authorityPaths(words.dir, stored.name))
}

export function noAuthority(): TaskError {
  return new TaskError('There is no CA for the transport', { hint: 'Set transport_ca_path, or pki_dir' })
}

/**
 * The CA that new certificates are to be from: the user's own, else the store's. While one is rotated, `rotate` means the
 * next one; a renewal stays with the one that the node has come to. Its key is neither needed nor read.
 */
async function authorityInHand(
  look: Look,
  words: TransportWords,
  files: TransportFiles,
): Promise<AuthorityInHand | undefined> {
  const own = await ownAuthority({ ...look, host: look.controller }, words)
  return own ?? (await storedInHand(look, words, files))
}

async function storedInHand(
  look: Look,
  { dir, ca, rotate }: TransportWords,
  files: TransportFiles,
): Promise<(NamedAuthority & AuthorityInHand) | undefined> {
  if (dir === undefined) return undefined
  const stored = await storedAuthorities(look, dir, ca)
  const leaf = files.kind === 'open' ? files.key.certificate : undefined
  const found = rotate ? (stored.next ?? stored.current) : issuingAuthority(stored, leaf)
  return found === undefined ? undefined : { ...found, chain: [] }
}
