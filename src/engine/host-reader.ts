import type { Duplex } from 'node:stream'
import type { Address, Shell } from '../connection/connection.ts'
import type { Forecast } from '../facts/forecast.ts'
import type { Question, Reader, Subject } from '../facts/question.ts'

export interface ReaderParts {
  readonly host: string
  /** Opened when the first question needs the host. */
  readonly shell: () => Promise<Shell>
  readonly open: (address: Address) => Promise<Duplex>
  /** Check mode's overlay; undefined in a real run. */
  readonly forecast: Forecast | undefined
  /** The controller answers what it can without a shell. */
  readonly native: boolean
}

/** Looks at a host and remembers about what it was asked, so that a look taken ahead is thrown away when that changes. */
export class HostReader implements Reader {
  readonly host: string
  readonly subjects = new Set<Subject>()
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
    if (this.#parts.native && question.answerHere !== undefined) return question.answerHere()
    const shell = await this.#parts.shell()
    return question.parse(
      await shell.run({ script: question.script, stdin: question.stdin, timeoutMs: question.timeoutMs }),
    )
  }

  open(address: Address): Promise<Duplex> {
    // What a connection shows can be changed by anything, so a look that used one is never kept.
    this.subjects.add('*')
    return this.#parts.open(address)
  }
}
