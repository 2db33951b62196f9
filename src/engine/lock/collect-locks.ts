import { randomInt } from 'node:crypto'
import type { Clock } from '../../clock.ts'
import { LockRefused } from './run-lock.ts'
import type { FoundLock } from './lock-scripts.ts'
import type { LockSite, Taken } from './lock-site.ts'
import { collectingMs } from './lock-verdict.ts'
import { obstacleProblem, obstaclesOf, quoted } from './lock-words.ts'

export interface Collecting {
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly sinceStartMs: () => number
  readonly tookOver: (found: FoundLock, hosts: readonly string[]) => void
}

const pauseMs = 200

interface Answer {
  readonly site: LockSite
  readonly taken: Taken
}

/**
 * Takes the locks of all hosts at the same time: one round trip. Of two runs that each got some, the one that got the
 * first by name waits until the other has given back the rest. Hosts that cannot be asked are left out. Throws a
 * LockRefused, and then nothing is held.
 */
export async function collectLocks(sites: readonly LockSite[], collecting: Collecting): Promise<void> {
  const { clock, signal, sinceStartMs } = collecting
  // Two that each hold what the other wants, and neither the first: chance lets one give up before the other.
  const deadline = clock.now().getTime() + 2_000 + randomInt(2_000)
  const settled = new Map<LockSite, Taken>()
  let asked = sites
  for (;;) {
    const answers = await Promise.all(asked.map(async (site) => ({ site, taken: await site.take(sinceStartMs) })))
    for (const { site, taken } of answers) settled.set(site, taken)
    const obstructed = answers.filter(({ taken }) => taken.kind === 'taken')
    if (obstructed.length === 0) break
    if (!isWorthWaiting(sites, obstructed) || clock.now().getTime() > deadline) {
      await withdrawAll(sites)
      throw refusal(obstructed)
    }
    await clock.sleep(pauseMs, signal)
    asked = obstructed.map(({ site }) => site)
  }
  tellTakenOver(settled, collecting)
  await refuseOutdated(sites, settled)
}

function isWorthWaiting(sites: readonly LockSite[], obstructed: readonly Answer[]): boolean {
  const first = lowest(sites.filter(({ state }) => state === 'held').map(({ host }) => host))
  const blocked = lowest(obstructed.map(({ site }) => site.host))
  const ages = obstructed.flatMap(({ taken }) => (taken.kind === 'taken' ? taken.found : [])).map(({ ageMs }) => ageMs)
  return first !== undefined && blocked !== undefined && first < blocked && ages.every((age) => isCollecting(age))
}

function isCollecting(ageMs: number | undefined): boolean {
  return ageMs !== undefined && ageMs < collectingMs
}

function lowest(hosts: readonly string[]): string | undefined {
  return [...hosts].sort()[0]
}

function refusal(obstructed: readonly Answer[]): LockRefused {
  const locks = obstructed.flatMap(({ site, taken }) =>
    taken.kind === 'taken' ? taken.found.map((found) => ({ host: site.host, found, stale: site.isStale(found) })) : [],
  )
  return new LockRefused(obstaclesOf(locks).map(obstacleProblem))
}

function tellTakenOver(settled: ReadonlyMap<LockSite, Taken>, { tookOver }: Collecting): void {
  const locks = [...settled].flatMap(([{ host }, taken]) =>
    taken.kind === 'held' ? taken.tookOver.map((found) => ({ host, found, stale: true })) : [],
  )
  for (const { found, hosts } of obstaclesOf(locks)) tookOver(found, hosts)
}

/** What was decided on may have been changed by a run that has ended since. */
async function refuseOutdated(sites: readonly LockSite[], settled: ReadonlyMap<LockSite, Taken>): Promise<void> {
  const outdated = [...settled].filter(([, taken]) => taken.kind === 'held' && taken.outdated).map(([{ host }]) => host)
  if (outdated.length === 0) return
  await withdrawAll(sites)
  const message = `Another run ended on ${quoted(outdated)} while this one was looking: what it saw may be out of date`
  throw new LockRefused([{ message, hint: 'Nothing was changed. Run it again' }])
}

async function withdrawAll(sites: readonly LockSite[]): Promise<void> {
  const held = sites.filter(({ state }) => state === 'held' || state === 'unsure')
  await Promise.allSettled(held.map((site) => site.withdraw()))
}
