import type { Duplex } from 'node:stream'
import type { Address, Output } from '../connection/connection.ts'
import type { Secret } from '../secrets/secret.ts'
import type { Forecast } from './forecast.ts'

/**
 * What a question is about, or what an effect touches: `file:/etc/hosts`, `service:elasticsearch`,
 * `keystore:/etc/elasticsearch`; `folder:/etc` is that there is a folder, whatever is in it. `*` is everything: nobody
 * knows what a command touches.
 */
export type Subject =
  `file:${string}` | `folder:${string}` | `service:${string}` | `keystore:${string}` | `host:${string}` | '*'

/** What of an answer stays as it is until somebody changes it. */
export interface Lasting {
  /** What it is about, as its name: `file:/etc/hosts`, `service:elasticsearch`. */
  readonly of: string
  /** For people: `a file, root:root 0644`. Never a content. */
  readonly words: string
  /** What must not be shown, such as a file's digest: compared only. */
  readonly content?: string | undefined
}

/** One question about a host: a script that only looks, and a pure parser of what it printed. */
export interface Question<T> {
  /** Every subject whose change would change the answer. */
  readonly subjects: readonly Subject[]
  /** POSIX sh; must not change anything on the host. */
  readonly script: string
  readonly stdin?: Secret | Buffer | undefined
  readonly timeoutMs?: number | undefined
  /** Throws a TaskError when the output makes no sense. */
  parse(output: Output): T
  /** The answer as pending changes of check mode make it; undefined when they say nothing about it: ask the host. */
  foresee?(forecast: Forecast): T | undefined
  /** A question whose answer says all that this one's does: it is taken where that one was asked already. */
  readonly within?: Question<T> | undefined
  /** What a plan keeps of the answer, to see whether somebody changed it. Absent: it changes by itself. */
  lasting?(answer: T): Lasting | undefined
  /** How the controller answers about itself without a shell. Same answer as script and parse. */
  answerHere?(): Promise<T>
}

/** Looks at one host and cannot change it. In check mode the answers include what earlier tasks would have done. */
export interface Reader {
  readonly host: string
  ask<T>(question: Question<T>): Promise<T>
  /** A TCP connection made from the host itself. */
  open(address: Address): Promise<Duplex>
}
