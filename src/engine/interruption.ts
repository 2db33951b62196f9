import { ElksealError } from '../errors.ts'

/** How a run was asked to stop: after this batch (first ctrl-C), or at once (second). */
export class Interruption {
  readonly #now = new AbortController()
  #soon = false

  get soon(): boolean {
    return this.#soon
  }

  get signal(): AbortSignal {
    return this.#now.signal
  }

  /** Called for each ctrl-C. Returns what it now means. */
  request(): 'soon' | 'now' {
    if (!this.#soon) {
      this.#soon = true
      return 'soon'
    }
    this.#now.abort(new Interrupted('Interrupted'))
    return 'now'
  }
}

/** The user stopped the run. Exit code 99, as Ansible's. */
export class Interrupted extends ElksealError {}
