/** A `!unsafe` string: never a template, whatever it holds. */
export class UnsafeText {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }

  toString(): string {
    return this.text
  }

  toJSON(): string {
    return this.text
  }
}
