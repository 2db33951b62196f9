import type { WriteFile } from '../../modules/effect.ts'
import type { Change, Module, Values } from '../../modules/module.ts'
import { Secret } from '../../secrets/secret.ts'
import type { Vault } from '../../secrets/vault.ts'
import { effectDescription } from '../effects/effect-description.ts'
import { MadeValues } from './made-values.ts'
import { plainText } from '../plain-text.ts'
import type { PlanKey } from './plan-key.ts'

/** A change with what it was asked for. */
export interface AskedChange {
  readonly module: Module
  readonly args: Values
  /** The loop's item. */
  readonly item: unknown
  readonly change: Change
}

/** Digests of the changes of one run, the same for a check and for the run that does what it foresaw. */
export class ChangeDigests {
  readonly #key: PlanKey
  readonly #vault: Vault
  readonly #made = new MadeValues()

  constructor(key: PlanKey, vault: Vault) {
    this.#key = key
    this.#vault = vault
  }

  /**
   * On a host all that would be done counts, every byte. Modules of the controller, and those that say so, make keys,
   * certificates and passwords at random: theirs is what they were asked for, and what they write is known to later
   * changes by the file's name. Folders for it do not count: a run that was cut off may have made just those.
   */
  of({ module, args, item, change }: AskedChange): string {
    const { effects } = change
    if (module.on !== 'controller' && module.makesAtRandom !== true) return this.#digest([item, effects])
    for (const effect of effects) if (effect.kind === 'write-file') this.noteMade(effect)
    const made = effects.filter(({ kind }) => kind !== 'make-directory')
    return this.#digest([item, args, made.map(effectDescription)])
  }

  /** In the store it lies vault-encrypted, on hosts it does not. */
  noteMade({ path, content }: Pick<WriteFile, 'path' | 'content'>): void {
    const bytes = content instanceof Secret ? content.revealBytes() : content
    const plain = this.#vault.isEncrypted(bytes) ? this.#vault.decrypt(bytes, `The new "${path}"`).revealBytes() : bytes
    for (const form of [bytes, plain]) this.#made.add(`content of ${path}`, form.toString('latin1'))
    this.#notePems(path, plain.toString('latin1'))
  }

  #digest(value: unknown): string {
    return this.#key.digest(plainText(value, (text) => this.#made.replaceIn(text)))
  }

  /** Bundles take certificates out of their files. */
  #notePems(path: string, text: string): void {
    for (const [index, [pem]] of [...text.matchAll(/-----BEGIN [^]+?-----END [^-]+-----/g)].entries()) {
      this.#made.add(`PEM ${String(index + 1)} of ${path}`, pem)
    }
  }
}
