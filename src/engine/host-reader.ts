import type { Duplex } from 'node:stream'
import type { Address, Output, Shell } from '../connection/connection.ts'
import type { Forecast } from '../facts/forecast.ts'
import type { Lasting, Question, Reader, Subject } from '../facts/question.ts'
import { wentThroughLink } from '../facts/through-link.ts'
import type { SharedAnswers } from './ahead/shared-answers.ts'
import { anyConflict } from './subjects.ts'

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
  /** Nothing is asked, and no answer about these is taken: they are about to change. */
  readonly untouched?: readonly Subject[] | undefined
}

/** What is not known yet, and may not be asked. */
export class NotKnown extends Error {}

/** Looks at a host and remembers about what it was asked, so that a look taken ahead is thrown away when that changes. */
export class HostReader implements Reader {
  readonly host: string
  readonly subjects = new Set<Subject>()
  /** What lasts of what the host itself answered first, by what it is of. */
  readonly seen = new Map<string, Lasting>()
  /** Some of what it saw has other names as well, under which it may be changed. */
  throughLink = false
  /** How many changes had gone out before the first of what it asked; undefined when it asked nothing. */
  #changesBefore: number | undefined
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

  /** Whose shell it asks; each account has one of its own. */
  get account(): string {
    return this.#parts.sharing?.account ?? ''
  }

  /** Whether what it saw under one name may have been changed under another one since. */
  get isDoubtful(): boolean {
    const changes = this.#parts.sharing?.answers.changes
    return this.throughLink && this.#changesBefore !== changes
  }

  open(address: Address): Promise<Duplex> {
    if (this.#parts.sharing?.untouched !== undefined) return Promise.reject(new NotKnown())
    // What a connection shows can be changed by anything, so a look that used one is never kept.
    this.subjects.add('*')
    return this.#parts.open(address)
  }

  async #askMachine<T>(question: Question<T>): Promise<T> {
    if (this.#parts.native && question.answerHere !== undefined) return question.answerHere()
    const { sharing } = this.#parts
    if (sharing?.untouched !== undefined) return knownAnswer(question, sharing, sharing.untouched)
    return question.parse(this.#noted(await this.#answer(question)))
  }

  #noted(output: Output): Output {
    if (wentThroughLink(output)) this.throughLink = true
    return output
  }

  #answer(question: Question<unknown>): Promise<Output> {
    const { sharing } = this.#parts
    if (sharing === undefined || question.stdin !== undefined) return this.#send(question)
    const key = keyOf(question, sharing)
    const known = sharing.ahead ? sharing.answers.find(key) : undefined
    this.#changesBefore = Math.min(this.#changesBefore ?? Infinity, known?.changes ?? sharing.answers.changes)
    if (known !== undefined) return known.output
    const output = this.#send(question)
    sharing.answers.keep(key, question.subjects, output)
    return output
  }

  async #send({ script, stdin, timeoutMs }: Question<unknown>): Promise<Output> {
    const shell = await this.#parts.shell()
    return shell.run({ script, stdin, timeoutMs })
  }
}

async function knownAnswer<T>(question: Question<T>, sharing: Sharing, touched: readonly Subject[]): Promise<T> {
  if (anyConflict(touched, question.subjects)) throw new NotKnown()
  for (const one of [question, question.within]) {
    const known = one === undefined ? undefined : sharing.answers.find(keyOf(one, sharing))
    if (one === undefined || known === undefined) continue
    const output = await known.output
    if (wentThroughLink(output)) throw new NotKnown()
    return one.parse(output)
  }
  throw new NotKnown()
}

function keyOf({ script }: Question<unknown>, { account }: Sharing): string {
  return `${account}\n${script}`
}
