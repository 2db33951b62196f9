import type { Duplex } from 'node:stream'
import type { Address, Output, Shell } from '../connection/connection.ts'
import type { Forecast } from '../facts/forecast.ts'
import type { Lasting, Question, Reader, Subject } from '../facts/question.ts'
import type { SharedAnswers } from './ahead/shared-answers.ts'

export interface ReaderParts {
  readonly host: string
  /** Opened when the first question needs the host. */
  readonly shell: () => Promise<Shell>
  readonly open: (address: Address) => Promise<Duplex>
  /** Check mode's overlay; undefined in a real run. */
  readonly forecast: Forecast | undefined
  /** The controller answers what it can without a shell. */
  readonly native: boolean
  readonly sharing?: Sharing | undefined
}

/** How a reader takes part in the answers that looks of one host share. */
export interface Sharing {
  readonly answers: SharedAnswers
  /** Who asks: what one account may not read, another may. */
  readonly account: string
  /** A look made ahead may take an answer that is there; one in its turn asks afresh. */
  readonly ahead: boolean
}

/** Looks at a host and remembers about what it was asked, so that a look taken ahead is thrown away when that changes. */
export class HostReader implements Reader {
  readonly host: string
  readonly subjects = new Set<Subject>()
  /** What lasts of what the host itself answered first, by what it is of. */
  readonly seen = new Map<string, Lasting>()
  readonly #parts: ReaderParts

  constructor(parts: ReaderParts) {
    this.host = parts.host
    this.#parts = parts
  }

  async ask<T>(question: Question<T>): Promise<T> {
    for (const subject of question.subjects) this.subjects.add(subject)
    const { forecast } = this.#parts
    if (forecast !== undefined && question.foresee !== undefined) {
      const foreseen = question.foresee(forecast)
      if (foreseen !== undefined) return foreseen
    }
    const answer = await this.#askMachine(question)
    const lasting = question.lasting?.(answer)
    if (lasting !== undefined && !this.seen.has(lasting.of)) this.seen.set(lasting.of, lasting)
    return answer
  }

  open(address: Address): Promise<Duplex> {
    // What a connection shows can be changed by anything, so a look that used one is never kept.
    this.subjects.add('*')
    return this.#parts.open(address)
  }

  async #askMachine<T>(question: Question<T>): Promise<T> {
    if (this.#parts.native && question.answerHere !== undefined) return question.answerHere()
    return question.parse(await this.#answer(question))
  }

  #answer(question: Question<unknown>): Promise<Output> {
    const { sharing } = this.#parts
    if (sharing === undefined || question.stdin !== undefined) return this.#send(question)
    const key = `${sharing.account}\n${question.script}`
    const known = sharing.ahead ? sharing.answers.find(key) : undefined
    if (known !== undefined) return known
    const output = this.#send(question)
    sharing.answers.keep(key, question.subjects, output)
    return output
  }

  async #send({ script, stdin, timeoutMs }: Question<unknown>): Promise<Output> {
    const shell = await this.#parts.shell()
    return shell.run({ script, stdin, timeoutMs })
  }
}
