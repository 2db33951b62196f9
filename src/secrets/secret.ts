import { inspect } from 'node:util'

const mask = '********'

/**
 * A value that must not be printed. Every conversion to text gives a mask; only `reveal()` opens it. Creating one does
 * not register it for redaction: pass it through a Redactor where text of other origin could repeat it.
 */
export class Secret {
  readonly #open: () => Buffer

  /** Given a function, the secret is fetched when it is first revealed. */
  constructor(value: string | Buffer | (() => Buffer)) {
    if (typeof value === 'function') {
      let opened: Buffer | undefined
      this.#open = () => (opened ??= value())
    } else {
      const bytes = Buffer.from(value)
      this.#open = () => bytes
    }
  }

  reveal(): string {
    return this.#open().toString('utf8')
  }

  revealBytes(): Buffer {
    return Buffer.from(this.#open())
  }

  equals(other: Secret): boolean {
    return this.#open().equals(other.#open())
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
