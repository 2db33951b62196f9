import { randomBytes } from 'node:crypto'
import { basename } from 'node:path'
import { ElksealError, TaskError } from '../../errors.ts'
import type { Play } from '../../playbook/playbook.ts'
import type { RunContext } from '../run-context.ts'
import { collectLocks } from './collect-locks.ts'
import { lookAround } from './controller-process.ts'
import type { LockOwner } from './lock-owner.ts'
import type { FoundLock } from './lock-scripts.ts'
import { LockSite } from './lock-site.ts'
import { hostsOfPlays, lockFolder, needsLock, playTarget, unlessUnknown } from './lock-targets.ts'
import { heartbeatMs, type Surroundings } from './lock-verdict.ts'
import { obstacleProblem, quoted, whoseLock } from './lock-words.ts'
import { LockRefused, type LockTarget, type RunLock } from './run-lock.ts'

const releaseTimeoutMs = 10_000
const hurriedReleaseTimeoutMs = 1_000

/**
 * The locks of one run on its hosts. Taken on all of them when the first change is about to be made; until then it only
 * asks, together with the first looks, who is there: so a run that changes nothing waits for nothing and is in nobody's
 * way, and a run that does knows whether what it saw still holds.
 */
export class HostLocks implements RunLock {
  readonly refused: Promise<never>
  readonly #context: RunContext
  readonly #around: Surroundings = lookAround()
  readonly #owner: LockOwner
  readonly #started: number
  readonly #sites = new Map<string, LockSite>()
  readonly #alone = new Map<string, Promise<void>>()
  readonly #heart = new AbortController()
  readonly #told = new Set<string>()
  #refuse: (reason: LockRefused) => void = () => undefined
  #collected: Promise<void> | undefined
  #isActing = false

  constructor(context: RunContext) {
    this.#context = context
    this.#started = context.clock.now().getTime()
    this.#owner = ownerOf(context, this.#around)
    this.refused = new Promise((_, reject) => (this.#refuse = reject))
    // A run that ends by itself in the same moment hears of it no more.
    this.refused.catch(() => undefined)
  }

  expect(play: Play, hosts: readonly string[]): void {
    for (const host of hosts) {
      if (this.#sites.has(host)) continue
      const site = this.#siteIn(play, host)
      site?.look().then((living) => this.#tellOccupied(site, living), this.#ourBug)
    }
  }

  async permit(target: LockTarget): Promise<void> {
    this.#collected ??= this.#collect()
    await this.#collected
    const state = this.#sites.get(target.name)?.state
    if (state === 'held' || state === 'lost' || !needsLock(target, this.#context)) return
    const taking = this.#alone.get(target.name) ?? this.#takeAlone(target)
    this.#alone.set(target.name, taking)
    await taking.finally(() => this.#alone.delete(target.name))
  }

  async release(): Promise<void> {
    this.#heart.abort()
    const sites = [...this.#sites.values()].filter(({ state }) => state === 'held' || state === 'unsure')
    if (sites.length === 0) return
    const { clock, interruption } = this.#context
    const limitMs = interruption.signal.aborted ? hurriedReleaseTimeoutMs : releaseTimeoutMs
    const late = new AbortController()
    const tooLate = clock.sleep(limitMs, late.signal).catch(() => undefined)
    await Promise.all(sites.map((site) => this.#releaseOne(site, tooLate)))
    late.abort(new Error('all is released'))
  }

  async #collect(): Promise<void> {
    const { clock, interruption, listen } = this.#context
    for (const [host, play] of hostsOfPlays(this.#context)) if (!this.#sites.has(host)) this.#siteIn(play, host)
    try {
      await collectLocks([...this.#sites.values()], {
        clock,
        signal: interruption.signal,
        sinceStartMs: () => this.#elapsed(),
        tookOver: (found, hosts) => listen({ event: 'notice', level: 'warning', message: tookOverText(found, hosts) }),
      })
    } catch (thrown) {
      if (!(thrown instanceof LockRefused)) throw thrown
      this.#refuse(thrown)
      return new Promise(() => undefined)
    }
    this.#isActing = true
    this.#beat().catch(this.#ourBug)
  }

  /** A host that could not be asked before, or that no play names: its lock is taken as its first change is due. */
  async #takeAlone(target: LockTarget): Promise<void> {
    const known = this.#sites.get(target.name)
    const site = known?.isSeen === true ? known : this.#newSite(target)
    site.missedLook()
    const taken = await site.take(() => this.#elapsed())
    if (taken.kind === 'out') throw taken.error
    if (taken.kind === 'held') {
      if (!taken.outdated) return
      await site.withdraw()
      throw new TaskError(`Another run ended on "${target.name}" a moment ago: what was seen may be out of date`, {
        hint: 'Nothing was changed on it. Run it again',
      })
    }
    const [found] = taken.found
    if (found === undefined) return
    const { message, hint } = obstacleProblem({ found, hosts: [target.name], stale: site.isStale(found) })
    throw new TaskError(message, { hint })
  }

  async #beat(): Promise<void> {
    const { clock } = this.#context
    const { signal } = this.#heart
    for (;;) {
      await clock.sleep(heartbeatMs, signal).catch(() => undefined)
      if (signal.aborted) return
      for (const site of this.#sites.values()) {
        if (this.#context.hosts.get(site.host)?.condition === 'unreachable') continue
        site.beat().then((instead) => instead === undefined || this.#tellLost(site, instead), this.#ourBug)
      }
    }
  }

  #tellLost(site: LockSite, [instead]: readonly FoundLock[]): void {
    const { interruption, listen, id } = this.#context
    if (!interruption.soon) interruption.request()
    const now = instead === undefined ? 'is gone' : `is now that of ${whoseLock(instead)}`
    const message = `The lock of this run (${id}) on "${site.host}" ${now}, somebody removed it: this batch is finished, then the run stops`
    listen({ event: 'notice', level: 'warning', message })
  }

  /** Said at once, for gates may keep a run waiting for long before its first change is due. */
  #tellOccupied(site: LockSite, living: readonly FoundLock[]): void {
    for (const found of living) {
      if (found.lock === this.#owner.lock || this.#told.has(found.lock)) continue
      this.#told.add(found.lock)
      const message = `Another run holds the lock of "${site.host}": ${whoseLock(found)}. This one goes on for as long as it has nothing to change`
      this.#context.listen({ event: 'notice', level: 'warning', message })
    }
  }

  async #releaseOne(site: LockSite, tooLate: Promise<void>): Promise<void> {
    const mayBeAbsent = site.state === 'unsure'
    const release = this.#isActing ? site.leave() : site.withdraw().then(() => true)
    const limited = Promise.race([release, tooLate.then(() => 'the host did not answer in time')])
    const result = await limited.catch((thrown: unknown) => {
      if (!(thrown instanceof ElksealError)) throw thrown
      return thrown.message
    })
    if (result === true || (result === false && mayBeAbsent)) return
    const message =
      result === false
        ? `The lock on "${site.host}" had been removed by somebody before this run ended`
        : `The lock on "${site.host}" could not be released: ${result}. The next run from this machine takes it over; else: elkseal unlock --id ${this.#context.id}`
    this.#context.listen({ event: 'notice', level: 'warning', message })
  }

  #siteIn(play: Play, host: string): LockSite | undefined {
    return unlessUnknown(() => {
      const target = playTarget(this.#context, play, host)
      return needsLock(target, this.#context) ? this.#newSite(target) : undefined
    })
  }

  #newSite({ name, scope, shell }: LockTarget): LockSite {
    const parts = { host: name, shell, folder: lockFolder(scope), owner: this.#owner, around: this.#around }
    const site = new LockSite(parts)
    this.#sites.set(name, site)
    return site
  }

  #elapsed(): number {
    return this.#context.clock.now().getTime() - this.#started
  }

  /** Nobody waits for a question sent ahead; its failure must be seen all the same. */
  readonly #ourBug = (thrown: unknown): void => {
    setImmediate(() => {
      throw thrown
    })
  }
}

function tookOverText(found: FoundLock, hosts: readonly string[]): string {
  return `Took over the lock on ${quoted(hosts)} of a run that ended without releasing it: ${whoseLock(found)}`
}

function ownerOf(context: RunContext, { self, user, controller }: Surroundings): LockOwner {
  return {
    lock: `${context.id}.${randomBytes(4).toString('hex')}`,
    run: context.id,
    user,
    controller,
    process: self,
    started: context.clock.now().toISOString(),
    playbook: basename(context.playbook.file),
    ...(context.selection.limit === undefined ? {} : { limit: context.selection.limit }),
  }
}
