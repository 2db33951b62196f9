import { createHash } from 'node:crypto'

/** Shorter ones occur in other texts by chance; nothing that is made at random is so short. */
const shortest = 12

/**
 * Values that a run makes itself, most of them at random: keys, certificates, passwords. Those of a check are not those
 * of the run, so in digests each stands as its name, wherever it occurs.
 */
export class MadeValues {
  readonly #names = new Map<string, string>()
  readonly #digests = new Map<string, string>()
  #ordered: readonly (readonly [string, string])[] | undefined

  /** `value` as latin1. */
  add(name: string, value: string): void {
    if (value.length < shortest) return
    this.#names.set(value, name)
    this.#digests.set(digestOf(value), name)
    this.#ordered = undefined
  }

  /** The text with every made value in it replaced by its name. */
  replaceIn(text: string): string {
    if (text.length < shortest || this.#names.size === 0) return text
    const whole = this.#digests.get(digestOf(text))
    if (whole !== undefined) return marked(whole)
    this.#ordered ??= [...this.#names].sort(([a], [b]) => b.length - a.length)
    return this.#ordered.reduce(
      (replaced, [value, name]) =>
        replaced.includes(value) ? replaced.replaceAll(value, () => marked(name)) : replaced,
      text,
    )
  }
}

function marked(name: string): string {
  return `<made: ${name}>`
}

function digestOf(text: string): string {
  return createHash('sha256').update(text, 'latin1').digest('base64')
}
