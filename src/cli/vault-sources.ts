import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { openVault } from '../secrets/ansible-vault.ts'
import type { Redactor } from '../secrets/redactor.ts'
import { SecretError } from '../secrets/secret-error.ts'
import { Secret } from '../secrets/secret.ts'
import {
  createVaultPasswordFile,
  passwordFromFile,
  passwordFromPrompt,
  passwordFromText,
  type VaultPasswordSource,
} from '../secrets/vault-password.ts'
import type { Vault } from '../secrets/vault.ts'
import type { InventoryOptions } from './options.ts'
import type { ProcessView } from './process.ts'
import { askOnTerminal } from './prompt.ts'

export interface VaultParts {
  readonly options: InventoryOptions
  readonly view: ProcessView
  readonly redactor: Redactor
  readonly tell: (message: string) => void
  /** A check writes nothing: what it would encrypt goes under a password of its own, and is forgotten with it. */
  readonly check: boolean
}

/** The vault as the command line, the environment, or else the user's own default file opens it (docs/adr/0004). */
export function vaultOf(parts: VaultParts): Vault {
  const sources = givenSources(parts)
  if (sources.length > 0) return openVault(sources, parts.redactor)
  const file = join(configFolder(parts.view), 'vault-password')
  if (parts.check && !existsSync(file)) return openVault([forgottenPassword()], parts.redactor)
  return new DefaultVault(file, parts)
}

/** False when a vaulted value could only be met with "no password is known". */
export function knowsVaultPassword(parts: Pick<VaultParts, 'options' | 'view'>): boolean {
  return givenSources(parts).length > 0 || existsSync(join(configFolder(parts.view), 'vault-password'))
}

function givenSources({ options, view }: Pick<VaultParts, 'options' | 'view'>): readonly VaultPasswordSource[] {
  const ask = (prompt: string) => askOnTerminal(prompt)
  const fromIds = options.vaultId.map((text) => {
    const at = text.indexOf('@')
    const [id, source] = at < 0 ? ['default', text] : [text.slice(0, at) || 'default', text.slice(at + 1)]
    return source === 'prompt' ? passwordFromPrompt(id, ask) : passwordFromFile(id, resolve(view.cwd, source))
  })
  const files = options.vaultPasswordFile.length > 0 ? options.vaultPasswordFile : environmentFile(view)
  return [
    ...fromIds,
    ...files.map((file) => passwordFromFile('default', resolve(view.cwd, file))),
    ...(options.askVaultPass === true ? [passwordFromPrompt('default', ask)] : []),
  ]
}

function forgottenPassword(): VaultPasswordSource {
  return passwordFromText('default', new Secret(randomBytes(32).toString('base64url')))
}

function environmentFile(view: ProcessView): readonly string[] {
  const file = view.env['ANSIBLE_VAULT_PASSWORD_FILE']
  return file === undefined || file === '' ? [] : [file]
}

function configFolder(view: ProcessView): string {
  const base = view.env['XDG_CONFIG_HOME'] ?? join(view.env['HOME'] ?? view.cwd, '.config')
  return join(base, 'elkseal')
}

/** Opens with the user's default password file if there is one; makes it when something must be encrypted. */
class DefaultVault implements Vault {
  readonly #file: string
  readonly #parts: VaultParts
  readonly #vault: Vault

  constructor(file: string, parts: VaultParts) {
    this.#file = file
    this.#parts = parts
    this.#vault = openVault([passwordFromFile('default', file)], parts.redactor)
  }

  isEncrypted(text: string | Buffer): boolean {
    return this.#vault.isEncrypted(text)
  }

  decrypt(envelope: string | Buffer, where: string): Secret {
    if (existsSync(this.#file)) return this.#vault.decrypt(envelope, where)
    throw new SecretError(`${where} is encrypted and no vault password is known`, {
      hint: 'Give one with --vault-password-file, --vault-id or --ask-vault-pass',
    })
  }

  encrypt(plain: Secret): string {
    if (createVaultPasswordFile(this.#file)) {
      this.#parts.tell(
        `No vault password was given, so one was made in ${this.#file}. ` +
          'It opens the private keys in the store: keep a copy of it in a safe place.',
      )
    }
    return this.#vault.encrypt(plain)
  }
}
