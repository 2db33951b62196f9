import { ConnectionError, type Output, type Shell } from '../../connection/connection.ts'
import { ElksealError, TaskError } from '../../errors.ts'
import { reasonOf } from '../effects/host-script.ts'
import type { LockOwner } from './lock-owner.ts'
import * as scripts from './lock-scripts.ts'
import { parseLockAnswer, type FoundLock, type LockAnswer } from './lock-scripts.ts'
import { judgeLock, type Surroundings } from './lock-verdict.ts'

export interface SiteParts {
  readonly host: string
  readonly shell: () => Promise<Shell>
  /** `elkseal_lock_dir` */
  readonly folder: string | undefined
  readonly owner: LockOwner
  readonly around: Surroundings
}

export type Taken =
  /** `outdated`: another run ended here after this one had begun to look. */
  | { readonly kind: 'held'; readonly outdated: boolean; readonly tookOver: readonly FoundLock[] }
  | { readonly kind: 'taken'; readonly found: readonly FoundLock[] }
  /** The host cannot be asked, or cannot hold a lock: whatever is done there tries again. */
  | { readonly kind: 'out'; readonly error: ElksealError }

const requestTimeoutMs = 60_000

/** The host tells times in whole seconds. */
const wholeSecondMs = 1_000

/** The lock on one host, as one run deals with it. */
export class LockSite {
  readonly host: string
  readonly #parts: SiteParts
  /** `unsure`: the answer was lost with the connection. `lost`: it was ours, and is no more. */
  #state: 'free' | 'unsure' | 'held' | 'lost' = 'free'
  #seen: Promise<LockAnswer | undefined> | undefined
  /** Locks that were of the dead already when this run began to look. */
  #gone: readonly string[] = []
  #isSeen = false
  #beating = false

  constructor(parts: SiteParts) {
    this.host = parts.host
    this.#parts = parts
  }

  get state(): 'free' | 'unsure' | 'held' | 'lost' {
    return this.#state
  }

  /** True when it is known who was there before the looks of this run. */
  get isSeen(): boolean {
    return this.#isSeen
  }

  /** Asks who is there, ahead of all looks. Resolves with the living, none when the host cannot be asked. */
  async look(): Promise<readonly FoundLock[]> {
    this.#seen ??= this.#run(scripts.probeScript(this.#parts.folder)).then(parsed, unlessOurBug)
    const seen = await this.#seen
    this.#isSeen = seen !== undefined
    const found = seen?.found ?? []
    this.#gone = found.filter((lock) => this.isGone(lock)).map(({ lock }) => lock)
    return found.filter((lock) => !this.#gone.includes(lock.lock))
  }

  /** Looks of this run went out with no question ahead of them: whatever ended since its start counts as news. */
  missedLook(): void {
    this.#seen ??= Promise.resolve(undefined)
  }

  isGone(found: FoundLock): boolean {
    return judgeLock(found, this.#parts.owner.run, this.#parts.around) === 'gone'
  }

  isStale(found: FoundLock): boolean {
    return judgeLock(found, this.#parts.owner.run, this.#parts.around) === 'stale'
  }

  /** Takes it, also from a run that has certainly ended. */
  async take(sinceStartMs: () => number): Promise<Taken> {
    const before = this.#seen
    // The first answer counts: what is behind it on the wire has seen the host as it is then.
    if (before !== undefined) await this.look()
    let tookOver: readonly FoundLock[] = []
    for (let attempt = 1; ; attempt += 1) {
      const answer = await this.#take(tookOver.map(({ lock }) => lock))
      if (answer instanceof ElksealError) return { kind: 'out', error: answer }
      if (answer.held) {
        const seen = await before
        const isNews = tookOver.some(({ lock }) => !this.#gone.includes(lock))
        const endedSince =
          seen === undefined ? (answer.endedMs ?? Infinity) - wholeSecondMs < sinceStartMs() : seen.last !== answer.last
        return { kind: 'held', outdated: before !== undefined && (endedSince || isNews), tookOver }
      }
      if (attempt > 3 || !answer.found.every((lock) => this.isGone(lock))) return { kind: 'taken', found: answer.found }
      tookOver = answer.found
    }
  }

  async #take(gone: readonly string[]): Promise<LockAnswer | ElksealError> {
    this.#state = 'unsure'
    try {
      const output = await this.#run(scripts.takeScript(this.#parts.folder, this.#parts.owner, gone, !this.#isSeen))
      const answer = parsed(output)
      this.#state = answer.held ? 'held' : 'free'
      if (!answer.held && answer.found.length === 0) return this.#cannotLock(output)
      return answer
    } catch (thrown) {
      if (!(thrown instanceof ElksealError)) throw thrown
      if (!(thrown instanceof ConnectionError && ['lost', 'timeout'].includes(thrown.stage))) this.#state = 'free'
      return thrown
    }
  }

  /** A sign of life. Resolves with who is there instead when the lock was lost. */
  async beat(): Promise<readonly FoundLock[] | undefined> {
    // The one before may still stand behind a long command.
    if (this.#state !== 'held' || this.#beating) return undefined
    this.#beating = true
    try {
      const { held, found } = parsed(await this.#run(scripts.beatScript(this.#parts.folder, this.#parts.owner.lock)))
      if (held || this.#state !== 'held') return undefined
      this.#state = 'lost'
      return found
    } catch (thrown) {
      unlessOurBug(thrown)
      return undefined
    } finally {
      this.#beating = false
    }
  }

  /** After changes. Resolves with false when it was not there any more. */
  async leave(): Promise<boolean> {
    this.#state = 'free'
    const { lock } = this.#parts.owner
    const answer = parsed(await this.#run(scripts.leaveScript(this.#parts.folder, lock)))
    // Under another name of this machine it may have been left already.
    return answer.left || answer.last?.includes(lock) === true
  }

  /** Nothing was changed under it. */
  async withdraw(): Promise<void> {
    this.#state = 'free'
    await this.#run(scripts.withdrawScript(this.#parts.folder, this.#parts.owner.lock))
  }

  #cannotLock(output: Output): TaskError {
    const { text } = reasonOf(output)
    return new TaskError(`Cannot lock "${this.host}" against other runs: ${text}`, {
      hint: 'Nothing was changed on it. "elkseal_lock_dir" names another folder, "elkseal_lock: false" does without',
    })
  }

  async #run(script: string): Promise<Output> {
    const shell = await this.#parts.shell()
    return shell.run({ script, timeoutMs: requestTimeoutMs })
  }
}

function parsed(output: Output): LockAnswer {
  return parseLockAnswer(output.stdout.toString())
}

function unlessOurBug(thrown: unknown): undefined {
  if (!(thrown instanceof ElksealError)) throw thrown
}
