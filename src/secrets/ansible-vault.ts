import { pbkdf2Sync } from 'node:crypto'
import type { Redactor } from './redactor.ts'
import { SecretError } from './secret-error.ts'
import { Secret } from './secret.ts'
import { derivedKeyLength, parseEnvelope, seal, unseal, vaultHeader, type DerivedKey } from './vault-envelope.ts'
import type { VaultPasswordSource } from './vault-password.ts'
import type { Vault } from './vault.ts'

// The format's own count; it is part of what both sides must agree on.
const iterations = 10_000

/**
 * No password is asked for before the first value needs one. Every known password is tried, those with the envelope's
 * id first, as Ansible does. A redactor learns every password and every value that was decrypted.
 */
export function openVault(sources: readonly VaultPasswordSource[], redactor?: Redactor): Vault {
  return new AnsibleVault(sources, redactor)
}

class AnsibleVault implements Vault {
  readonly #sources: readonly VaultPasswordSource[]
  readonly #redactor: Redactor | undefined
  readonly #passwords = new Map<VaultPasswordSource, Secret>()
  readonly #keys = new Map<string, DerivedKey>()

  constructor(sources: readonly VaultPasswordSource[], redactor: Redactor | undefined) {
    this.#sources = sources
    this.#redactor = redactor
  }

  isEncrypted(text: string | Buffer): boolean {
    if (typeof text === 'string') return text.startsWith(vaultHeader)
    return text.subarray(0, vaultHeader.length).toString('latin1') === vaultHeader
  }

  decrypt(envelope: string | Buffer, where: string): Secret {
    const sealed = parseEnvelope(envelope.toString())
    if (sealed === undefined) {
      throw new SecretError(`${where} is not a complete Ansible Vault text`, {
        hint: 'It was cut or changed: encrypt the value again with ansible-vault',
      })
    }
    const sources = [
      ...this.#sources.filter((source) => source.id === sealed.id),
      ...this.#sources.filter((source) => source.id !== sealed.id),
    ]
    for (const source of sources) {
      const plain = unseal(sealed, this.#key(this.#password(source), sealed.salt))
      if (plain === undefined) continue
      const secret = new Secret(plain)
      this.#redactor?.add(secret)
      return secret
    }
    throw this.#notOpened(where, sealed.id)
  }

  encrypt(plain: Secret, id?: string): string {
    const source = this.#sources.find((candidate) => id === undefined || candidate.id === id)
    if (source === undefined) {
      throw new SecretError(`No vault password is known${id === undefined ? '' : ` for the id "${id}"`}`, {
        hint: 'Give one with --vault-password-file or --vault-id',
      })
    }
    return seal(plain.revealBytes(), source.id, (salt) => this.#key(this.#password(source), salt))
  }

  #password(source: VaultPasswordSource): Secret {
    let password = this.#passwords.get(source)
    if (password === undefined) {
      password = source.read()
      this.#redactor?.add(password)
      this.#passwords.set(source, password)
    }
    return password
  }

  /** Deriving costs about 10 ms; a file of many values written together often repeats no salt, but is read many times. */
  #key(password: Secret, salt: Buffer): DerivedKey {
    const name = `${salt.toString('hex')} ${password.reveal()}`
    let key = this.#keys.get(name)
    if (key === undefined) {
      key = pbkdf2Sync(password.revealBytes(), salt, iterations, derivedKeyLength, 'sha256')
      this.#keys.set(name, key)
    }
    return key
  }

  #notOpened(where: string, id: string): SecretError {
    if (this.#sources.length === 0) {
      return new SecretError(`${where} is encrypted and no vault password is known`, {
        hint: 'Give one with --vault-password-file or --vault-id',
      })
    }
    const tried = this.#sources.map((source) => source.description).join(', ')
    const label = id === 'default' ? '' : ` (vault id "${id}")`
    return new SecretError(`No known vault password opens ${where}${label}`, { hint: `Tried: ${tried}` })
  }
}
