import type { Problem } from '../../errors.ts'
import { runOf } from './lock-owner.ts'
import type { FoundLock } from './lock-scripts.ts'

/** A lock in the way, with all hosts on which it was found. */
export interface Obstacle {
  readonly found: FoundLock
  readonly hosts: readonly string[]
  readonly stale: boolean
}

/** The same lock on several hosts is one obstacle; its youngest sign of life counts. */
export function obstaclesOf(
  locks: readonly { readonly host: string; readonly found: FoundLock; readonly stale: boolean }[],
): readonly Obstacle[] {
  const byName = new Map<string, Obstacle>()
  for (const { host, found, stale } of locks) {
    const known = byName.get(found.lock)
    if (known === undefined) byName.set(found.lock, { found, hosts: [host], stale })
    else {
      const isYounger = (found.silentMs ?? Infinity) < (known.found.silentMs ?? Infinity)
      const hosts = [...known.hosts, host]
      byName.set(found.lock, { found: isYounger ? found : known.found, hosts, stale: known.stale && stale })
    }
  }
  return [...byName.values()]
}

export function obstacleProblem({ found, hosts, stale }: Obstacle): Problem {
  const unlock = `elkseal unlock --id ${runOf(found.lock)} with the same -i`
  return {
    message: `${stale ? 'The stale lock of another run is on' : 'Another run is at work on'} ${quoted(hosts)}: ${whoseLock(found)}`,
    hint: stale
      ? `Nothing was changed. If that run has ended for certain: ${unlock}; then run this again`
      : `Nothing was changed. Wait until that run has ended; only if it cannot end any more: ${unlock}`,
  }
}

/** anna@ctl1 (pid 4711), run 2026-…, since 2026-11-24 19:45:15 UTC, "renew.yml" --limit es1; last sign of life 12 s ago. */
export function whoseLock({ owner, lock, silentMs }: FoundLock): string {
  const life = silentMs === undefined ? '' : `; last sign of life ${durationText(silentMs)} ago`
  if (owner === undefined) return `run ${runOf(lock)}${life}`
  const limit = owner.limit === undefined ? '' : ` with --limit "${owner.limit}"`
  const who = `${owner.user}@${owner.controller} (pid ${String(owner.process.pid)})`
  return `${who}, run ${owner.run}, since ${timeText(owner.started)}, "${owner.playbook}"${limit}${life}`
}

export function timeText(iso: string): string {
  return `${iso.slice(0, 19).replace('T', ' ')} UTC`
}

export function durationText(ms: number): string {
  const seconds = Math.round(ms / 1000)
  if (seconds < 120) return `${String(seconds)} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 120 ? `${String(minutes)} minutes` : `${String(Math.round(minutes / 60))} hours`
}

export function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ')
}
