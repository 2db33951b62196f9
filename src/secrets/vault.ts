import type { Secret } from './secret.ts'

/** Ansible Vault, opened lazily: the password source is asked at the first value that needs it. */
export interface Vault {
  /** True when the text is an Ansible Vault envelope. */
  isEncrypted(text: string | Buffer): boolean
  /** Throws a SecretError naming `where` when no password opens it or none is known. */
  decrypt(envelope: string | Buffer, where: string): Secret
  /** Uses the first password source, or the one with `id`. Throws a SecretError when no password is known. */
  encrypt(plain: Secret, id?: string): string
}
