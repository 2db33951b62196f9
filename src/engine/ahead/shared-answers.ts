import type { Output } from '../../connection/connection.ts'
import type { Subject } from '../../facts/question.ts'
import { anyConflict } from '../subjects.ts'

export interface Answer {
  readonly subjects: readonly Subject[]
  readonly output: Promise<Output>
  readonly pass: number
  /** How many changes of the host had gone out before the question. */
  readonly changes: number
}

/** For how many tasks an answer may serve: enough to hide a line's round trip, too few to look at a whole playbook. */
export const lookAheadTasks = 12

/**
 * What a host has answered, or is about to, for looks made ahead: tasks ask the same again and again (the folder of a
 * file, an account), and each question costs processes on the host. Thrown away when its subjects are touched.
 */
export class SharedAnswers {
  readonly #answers = new Map<string, Answer>()
  #pass = 0
  #changes = 0

  /** How many changes of the host have gone out so far. */
  get changes(): number {
    return this.#changes
  }

  /** A task begins, and looks are sent ahead. */
  nextPass(): void {
    this.#pass += 1
    for (const [key, { pass }] of this.#answers) if (this.#pass - pass > lookAheadTasks) this.#answers.delete(key)
  }

  find(key: string): Answer | undefined {
    return this.#answers.get(key)
  }

  keep(key: string, subjects: readonly Subject[], output: Promise<Output>): void {
    this.#answers.set(key, { subjects, output, pass: this.#pass, changes: this.#changes })
  }

  forget(touched: readonly Subject[]): void {
    this.#changes += 1
    for (const [key, { subjects }] of this.#answers) if (anyConflict(touched, subjects)) this.#answers.delete(key)
  }
}
