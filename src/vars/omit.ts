/** What `omit` gives: an argument with this value is left out. */
class Omitted {
  toJSON(): undefined {
    return undefined
  }
}

export const omit: unknown = new Omitted()

export function isOmitted(value: unknown): boolean {
  return value instanceof Omitted
}
