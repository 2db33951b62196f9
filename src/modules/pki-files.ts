import { dirname, isAbsolute } from 'node:path'
import { TaskError } from '../errors.ts'
import { fileAt } from '../facts/file.ts'
import { checkAuthority, openAuthority } from '../pki/authority.ts'
import type { Authority } from '../pki/issue.ts'
import { certificatesFromPem, keyFromPem } from '../pki/pem.ts'
import { PkiError } from '../pki/pki-error.ts'
import type { AuthorityPaths } from '../pki/store.ts'
import { Secret } from '../secrets/secret.ts'
import { secret, sourcePath } from './argument-types.ts'
import type { Effect, WriteFile } from './effect.ts'
import type { Look } from './module.ts'

/** Arguments with which a CA of the user's own is named, the same in every module. */
export const ownAuthorityArguments = {
  own_ca_path: sourcePath()
    .optional()
    .describe('A CA of your own: elastic-stack-ca.p12, or its certificate in PEM. Its private key is not copied'),
  own_ca_key_path: sourcePath().optional().describe('The private key in PEM of a CA that is given in PEM'),
  own_ca_password: secret().optional().describe('Password of the store or of the private key of your own CA'),
}

export interface OwnAuthorityArguments {
  readonly own_ca_path?: string | undefined
  readonly own_ca_key_path?: string | undefined
  readonly own_ca_password?: Secret | undefined
}

/** The user's own CA, opened and checked; vaulted files are decrypted. Undefined when none is given. */
export async function ownAuthority(look: Look, args: OwnAuthorityArguments): Promise<Authority | undefined> {
  const path = given(look, args.own_ca_path)
  if (path === undefined) return undefined
  const keyPath = given(look, args.own_ca_key_path)
  const [content, keyContent] = await Promise.all([neededFile(look, path), keyPath && neededFile(look, keyPath)])
  return openAuthority(
    { path, content, keyPath, keyContent: keyContent || undefined, password: args.own_ca_password },
    look.clock.now(),
  )
}

/** The CA of the store with its key, checked. Throws a PkiError when a part is missing or does not fit. */
export async function storedAuthority(look: Look, paths: AuthorityPaths): Promise<Authority> {
  const [pem, key] = await Promise.all([storedFile(look, paths.certificate), storedFile(look, paths.key)])
  const [certificate, ...chain] = pem === undefined ? [] : certificatesFromPem(pem.toString(), paths.certificate)
  if (certificate === undefined) {
    throw new PkiError(`The certificate of the CA "${paths.certificate}" is missing, but its private key is there`, {
      hint: `Restore it from version control; to start with a new CA, move "${paths.key}" away`,
    })
  }
  if (key === undefined) {
    throw new PkiError(`The private key of the CA "${paths.key}" is missing`, {
      hint: `If the CA is your own, give its path; else restore the key; to start with a new CA, move "${paths.certificate}" away`,
    })
  }
  const text = look.vault.isEncrypted(key) ? look.vault.decrypt(key, paths.key).reveal() : key.toString()
  const authority = { certificate, key: keyFromPem(text, undefined, paths.key), chain }
  checkAuthority(authority, paths.certificate, look.clock.now())
  return authority
}

/** Content of a file of the PKI store; undefined when there is none. */
export async function storedFile(look: Look, path: string): Promise<Buffer | undefined> {
  const state = await look.host.ask(fileAt(path, { content: true }))
  if (state.kind === 'absent') return undefined
  if (state.kind !== 'file') throw new TaskError(`"${path}" is not a file`)
  if (state.content === undefined) {
    throw new TaskError(`Cannot read "${path}": permission denied`, { hint: 'Run elkseal as the owner of the file' })
  }
  return state.content
}

/** A password as its file has it: editors end a file with a newline, no password does. */
export function passwordIn(content: Secret): Secret {
  return new Secret(content.reveal().replace(/\r?\n$/, ''))
}

/** The folder of a store file, made where it is missing. */
export async function folderEffects(look: Look, file: string): Promise<readonly Effect[]> {
  const path = dirname(file)
  const state = await look.host.ask(fileAt(path))
  if (state.kind === 'directory') return []
  if (state.kind !== 'absent') throw new TaskError(`"${path}" is not a folder`)
  return [{ kind: 'make-directory', path, mode: 0o755 }]
}

export function publicFile(path: string, text: string): WriteFile {
  return { kind: 'write-file', path, content: Buffer.from(text), mode: 0o644 }
}

/** `text` is a vault envelope: even so, nobody else needs it. */
export function vaultedFile(path: string, text: string): WriteFile {
  return { kind: 'write-file', path, content: Buffer.from(text), mode: 0o600 }
}

function given(look: Look, path: string | undefined): string | undefined {
  if (path === undefined || path === '') return undefined
  return isAbsolute(path) ? path : look.findSource(path, 'files')
}

async function neededFile(look: Look, path: string): Promise<Buffer> {
  const content = await storedFile(look, path)
  if (content === undefined) {
    throw new TaskError(`The CA file "${path}" does not exist`, {
      hint: 'Check http_ca_path (or transport_ca_path) and its key path; the files are read on the machine that runs elkseal',
    })
  }
  return look.vault.isEncrypted(content) ? look.vault.decrypt(content, path).revealBytes() : content
}
