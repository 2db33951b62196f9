/**
 * At most so many unfinished logins an address: sshd drops connections beyond its MaxStartups (10 by default; of 20
 * logins at once it lost 4).
 */
export class LoginGate {
  readonly #limit: number
  readonly #busy = new Map<string, number>()
  readonly #queues = new Map<string, (() => void)[]>()

  constructor(limit = 8) {
    this.#limit = limit
  }

  async through<T>(address: string, login: () => Promise<T>): Promise<T> {
    await this.#enter(address)
    try {
      return await login()
    } finally {
      this.#leave(address)
    }
  }

  #enter(address: string): Promise<void> {
    const busy = this.#busy.get(address) ?? 0
    if (busy < this.#limit) {
      this.#busy.set(address, busy + 1)
      return Promise.resolve()
    }
    const queue = this.#queues.get(address) ?? []
    this.#queues.set(address, queue)
    return new Promise((resolve) => queue.push(resolve))
  }

  /** The place goes to the next in the queue. */
  #leave(address: string): void {
    const next = this.#queues.get(address)?.shift()
    if (next === undefined) this.#busy.set(address, (this.#busy.get(address) ?? 1) - 1)
    else next()
  }
}
