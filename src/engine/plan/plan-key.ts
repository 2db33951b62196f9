import { createHmac, randomBytes } from 'node:crypto'
import { Secret } from '../../secrets/secret.ts'
import type { Vault } from '../../secrets/vault.ts'

/**
 * The key of one plan's digests. It is random, and lies in the plan vault-encrypted: without the vault password nobody
 * can guess what a digest is of, nor write a plan that is taken.
 */
export class PlanKey {
  /** As it stands in the plan. */
  readonly envelope: string
  readonly #key: Secret

  private constructor(key: Secret, envelope: string) {
    this.#key = key
    this.envelope = envelope
  }

  static create(vault: Vault): PlanKey {
    const key = new Secret(randomBytes(32).toString('hex'))
    return new PlanKey(key, vault.encrypt(key))
  }

  /** Throws a SecretError when no known vault password opens it. */
  static open(envelope: string, vault: Vault, where: string): PlanKey {
    return new PlanKey(vault.decrypt(envelope, where), envelope)
  }

  digest(text: string): string {
    return createHmac('sha256', this.#key.revealBytes()).update(text).digest('base64url')
  }
}
