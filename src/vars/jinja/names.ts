import { defined, EvaluationError, items } from './value.ts'

/** Gives the value of a name, or an Undefined that says what is missing. */
export type Resolve = (name: string) => unknown

/** The names that a template sees: those that it sets itself, the innermost first, and all that it is given. */
export class Names {
  readonly #given: Resolve
  readonly #scopes: Map<string, unknown>[] = []

  constructor(given: Resolve) {
    this.#given = given
  }

  value(name: string): unknown {
    const scope = this.#scopes.findLast((one) => one.has(name))
    return scope === undefined ? this.#given(name) : scope.get(name)
  }

  /** Names that are set meanwhile are gone afterwards. */
  within<Result>(body: () => Result): Result {
    this.#scopes.push(new Map())
    try {
      return body()
    } finally {
      this.#scopes.pop()
    }
  }

  /** Several names take the parts of a list. */
  set(targets: readonly string[], value: unknown): void {
    const scope = this.#scopes.at(-1)
    if (targets.length === 1) {
      scope?.set(targets[0] ?? '', value)
      return
    }
    const parts = items(defined(value))
    if (parts.length !== targets.length) {
      throw new EvaluationError(`${targets.length} names need ${targets.length} values, not ${parts.length}`)
    }
    targets.forEach((target, index) => scope?.set(target, parts[index]))
  }
}
