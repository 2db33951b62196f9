import { JournalError, journalRecords, type DatedRecord } from './read.ts'
import type { HostCondition, IntentRecord, PlayRecord, RunRecord, RunStatus } from './record.ts'

/** What a journal tells of a run. */
export interface RunStory {
  readonly run: RunRecord
  readonly started: string
  /** Of its last attempt; `cut off`: it has no end, so its process has died or still runs. */
  readonly status: RunStatus | 'cut off'
  /** The process that wrote the last attempt, and where. */
  readonly process: { readonly controller: string; readonly id: number }
  readonly intents: number
  /** All that was done or begun to change something, in order. */
  readonly changes: readonly Change[]
  /** How every host that took part stands, in the order in which they were met. */
  readonly hosts: readonly HostStory[]
  /** Whether `elkseal rollback` has begun on it. */
  readonly isRollbackBegun: boolean
}

/** An effect that was performed, or begun. */
export interface Change extends IntentRecord {
  /** `in doubt`: it was begun, and nothing was heard of it. */
  readonly outcome: 'done' | 'failed' | 'in doubt'
  readonly play: PlayRecord
  /** Counts the batches of the journal, so that later ones have the higher number. */
  readonly batch: number
  /** `begun`: a rollback was cut off while it undid this. */
  readonly undone: 'no' | 'begun' | 'yes'
}

export interface HostStory {
  readonly host: string
  readonly standing: Standing
  /** Changes that stand on it, those in doubt included. */
  readonly changes: number
}

export type Standing =
  | { readonly kind: 'done' }
  | { readonly kind: 'in doubt'; readonly effect: string }
  | { readonly kind: 'in the middle'; readonly play: string }
  | { readonly kind: 'failed' | 'unreachable'; readonly play: string }
  | { readonly kind: 'put back' }
  | { readonly kind: 'not begun'; readonly play: string }

/** Reads the text of a journal. Pure; throws a JournalError when it is none. */
export function readJournal(text: string): RunStory {
  const teller = new Teller()
  for (const record of journalRecords(text)) teller.hear(record)
  return teller.story()
}

/** The words for a standing, behind the host's name. */
export function standingText({ standing, changes }: HostStory): string {
  const made = changes === 0 ? 'unchanged' : changes === 1 ? '1 change stands' : `${String(changes)} changes stand`
  switch (standing.kind) {
    case 'done':
      return `done so far, ${made}`
    case 'in doubt':
      return `in doubt: "${standing.effect}" was begun, whether it was done is not known; ${made}`
    case 'in the middle':
      return `in the middle of "${standing.play}", ${made}`
    case 'failed':
    case 'unreachable':
      return `${standing.kind} in "${standing.play}", ${made}`
    case 'put back':
      return 'put back as it was'
    case 'not begun':
      return `not begun in "${standing.play}", ${made}`
  }
}

type Writable<T> = { -readonly [K in keyof T]: T[K] }

const beforeAnyPlay: PlayRecord = { record: 'play', play: '', place: '', hosts: [], rolled: false, gates: [] }

class Teller {
  #run: RunRecord | undefined
  #started = ''
  #status: RunStory['status'] = 'cut off'
  #process = { controller: '', id: 0 }
  readonly #changes: Writable<Change>[] = []
  readonly #byNumber = new Map<number, Writable<Change>>()
  #intents = 0
  #play = beforeAnyPlay
  #batch = 0
  #isBatchOpen = false
  #batchHosts: readonly string[] = []
  /** Where the latest attempt began: what was in doubt before it was looked at again. */
  #attemptAt = 0
  readonly #conditions = new Map<string, { readonly condition: HostCondition; readonly play: string }>()
  readonly #putBack = new Set<string>()
  readonly #met = new Set<string>()
  #waiting = new Set<string>()
  #isRollbackBegun = false

  hear(record: DatedRecord): void {
    switch (record.record) {
      case 'run':
        this.#run = record
        this.#started = record.at
        this.#process = { controller: record.controller, id: record.process }
        return
      case 'resumed':
        this.#beginAttempt(record)
        return
      case 'play':
        this.#play = record
        this.#waiting = new Set(record.hosts)
        for (const host of record.hosts) this.#met.add(host)
        return
      case 'batch':
        this.#beginBatch(record.hosts)
        return
      case 'batch-end':
        this.#isBatchOpen = false
        for (const [host, condition] of Object.entries(record.conditions)) {
          this.#conditions.set(host, { condition, play: this.#play.play })
        }
        return
      case 'intent':
        this.#intents = Math.max(this.#intents, record.number)
        this.#met.add(record.host)
        if (record.onlyLooks !== true) this.#addChange(record)
        return
      case 'result':
        this.#settle([record.number], (change) => (change.outcome = record.ok ? 'done' : 'failed'))
        return
      case 'rolled-back':
        this.#hearRolledBack(record.host, record.ok)
        return
      case 'rollback':
        this.#isRollbackBegun = true
        this.#process = { controller: record.controller, id: record.process }
        return
      case 'undo':
        this.#settle(record.numbers, (change) => (change.undone = 'begun'))
        return
      case 'undone':
        if (record.ok) this.#settle(record.numbers, (change) => (change.undone = 'yes'))
        return
      case 'end':
        if (!this.#isRollbackBegun) this.#status = record.status
    }
  }

  story(): RunStory {
    if (this.#run === undefined) throw new JournalError('The journal has no beginning')
    return {
      run: this.#run,
      started: this.#started,
      status: this.#status,
      process: this.#process,
      intents: this.#intents,
      changes: this.#changes,
      hosts: [...this.#met].map((host) => this.#hostStory(host)),
      isRollbackBegun: this.#isRollbackBegun,
    }
  }

  #beginAttempt(record: { readonly controller: string; readonly process: number }): void {
    this.#status = 'cut off'
    this.#process = { controller: record.controller, id: record.process }
    this.#attemptAt = this.#changes.length
    this.#isBatchOpen = false
    this.#waiting.clear()
    this.#conditions.clear()
    this.#putBack.clear()
  }

  #beginBatch(hosts: readonly string[]): void {
    this.#batch += 1
    this.#batchHosts = hosts
    this.#isBatchOpen = true
    for (const host of hosts) this.#waiting.delete(host)
  }

  /** Only what its batch did was undone; the changes of earlier plays stand. */
  #hearRolledBack(host: string, ok: boolean): void {
    if (!ok) return
    this.#putBack.add(host)
    for (const change of this.#changes) {
      if (change.host === host && change.batch === this.#batch) change.undone = 'yes'
    }
  }

  #addChange(record: IntentRecord): void {
    const change = { ...record, outcome: 'in doubt', play: this.#play, batch: this.#batch, undone: 'no' } as const
    this.#changes.push(change)
    this.#byNumber.set(record.number, change)
  }

  #settle(numbers: readonly number[], settle: (change: Writable<Change>) => void): void {
    for (const number of numbers) {
      const change = this.#byNumber.get(number)
      if (change !== undefined) settle(change)
    }
  }

  #hostStory(host: string): HostStory {
    const own = this.#changes.filter((change) => change.host === host && change.undone !== 'yes')
    return { host, standing: this.#standing(host), changes: own.filter((one) => one.outcome !== 'failed').length }
  }

  #standing(host: string): Standing {
    const latest = this.#changes.slice(this.#attemptAt).filter((change) => change.host === host)
    const doubt = latest.findLast((change) => change.outcome === 'in doubt' && change.undone === 'no')
    if (doubt !== undefined) return { kind: 'in doubt', effect: doubt.effect }
    if (this.#putBack.has(host) || this.#isUndone(host)) return { kind: 'put back' }
    const { play } = this.#play
    if (this.#isBatchOpen && this.#batchHosts.includes(host)) {
      return latest.some((one) => one.batch === this.#batch)
        ? { kind: 'in the middle', play }
        : { kind: 'not begun', play }
    }
    const settled = this.#conditions.get(host)
    if (settled?.condition === 'failed' || settled?.condition === 'unreachable') {
      return { kind: settled.condition, play: settled.play }
    }
    if (this.#waiting.has(host)) return { kind: 'not begun', play }
    return { kind: 'done' }
  }

  #isUndone(host: string): boolean {
    const own = this.#changes.filter((change) => change.host === host)
    return this.#isRollbackBegun && own.length > 0 && own.every((change) => change.undone === 'yes')
  }
}
