import { randomBytes } from 'node:crypto'
import { notReached } from '../../connection/connection.ts'
import type { Performer } from '../effects/effect-kind.ts'

/** The effect was not begun, since the one ahead of it did not succeed. */
export class NotReached extends Error {}

/** Effects of one host that are sent one behind the other, each performed only if all ahead of it succeeded. */
export class Chain {
  readonly #name = randomBytes(8).toString('hex')
  #length = 0
  #succeeds: Promise<boolean> = Promise.resolve(true)

  /** Whether all that was added so far succeeds. */
  get succeeds(): Promise<boolean> {
    return this.#succeeds
  }

  /** What will come of its next link. */
  add<T extends { readonly status: string } | undefined>(attempt: Promise<T>): Promise<T> {
    const before = this.#succeeds
    this.#succeeds = Promise.all([before, attempt]).then(
      ([well, done]) => well && done?.status === 'changed',
      () => false,
    )
    return attempt
  }

  /** The next in the chain. Its requests reject with NotReached when the host did not come to them. */
  link(performer: Performer): Performer {
    const { shell } = performer
    return {
      ...performer,
      shell: {
        run: async (request) => {
          this.#length += 1
          const link = { chain: this.#name, number: this.#length }
          const output = await shell.run({ ...request, link })
          if (output.code === notReached && link.number > 1) throw new NotReached()
          return output
        },
      },
    }
  }
}
