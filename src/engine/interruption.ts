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
    this.#now.abort(
      new Interrupted('Stopped by ctrl-C: what was under way may have been done, wholly or in part', {
        hint: 'A command that was started may still run on the host',
      }),
    )
    return 'now'
  }

  /** Ends what is under way for a reason of the run's own; nobody interrupted it. */
  end(reason: Error): void {
    this.#now.abort(reason)
  }
}

/** The user stopped the run. Exit code 99, as Ansible's. */
export class Interrupted extends ElksealError {}

/** What a host is at is not waited for after the second ctrl-C: it may take minutes. */
export function orInterrupted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason as Error)
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}
