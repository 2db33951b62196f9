import { Secret } from './secret.ts'
import type { Vault } from './vault.ts'

/** A `!vault` value: decrypted when it is first revealed, so that a value nobody reads needs no password. */
export class VaultedValue extends Secret {
  /** As written, indentation removed: safe to print. */
  readonly envelope: string

  /** `where` names the value in the error when no password opens it. */
  constructor(envelope: string, vault: Vault, where: string) {
    super(() => vault.decrypt(envelope, where).revealBytes())
    this.envelope = envelope
  }
}
