import { inspect } from 'node:util'

const mask = '********'

/**
 * A value that must not be printed. Every conversion to text gives a mask; only `reveal()` opens it. Creating one does
 * not register it for redaction: pass it through a Redactor where text of other origin could repeat it.
 */
export class Secret {
  readonly #value: Buffer

  constructor(value: string | Buffer) {
    this.#value = Buffer.from(value)
  }

  reveal(): string {
    return this.#value.toString('utf8')
  }

  revealBytes(): Buffer {
    return Buffer.from(this.#value)
  }

  equals(other: Secret): boolean {
    return this.#value.equals(other.#value)
  }

  toString(): string {
    return mask
  }

  toJSON(): string {
    return mask
  }

  [inspect.custom](): string {
    return mask
  }
}
