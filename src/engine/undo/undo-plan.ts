import type { Change } from '../journal/run-story.ts'

/** What is undone on one host at one time: its changes in the order in which they were made. */
export interface UndoGroup {
  readonly host: string
  readonly changes: readonly Change[]
  readonly rolled: boolean
  readonly gates: readonly string[]
}

/** Hosts that are undone together. */
export type UndoStage = readonly UndoGroup[]

/**
 * The way back: the latest batch first, so that a roll is undone host by host. The machine that elkseal runs on comes
 * last: as long as a host still has what the run put there, the store must fit it.
 */
export function undoPlan(changes: readonly Change[], controller: string): readonly UndoStage[] {
  const open = changes.filter((change) => change.undone !== 'yes')
  const hosts = [...new Set(open.map((change) => change.host))]
  const placed = hosts.flatMap((host) => groupsOf(open.filter((change) => change.host === host)))
  const stagesOf = (some: readonly PlacedGroup[]): readonly UndoStage[] => {
    const batches = [...new Set(some.map((group) => group.batch))].sort((a, b) => b - a)
    return batches.map((batch) => some.filter((group) => group.batch === batch))
  }
  const isLast = (group: PlacedGroup) => group.host === controller
  return [...stagesOf(placed.filter((group) => !isLast(group))), ...stagesOf(placed.filter(isLast))]
}

/**
 * Nodes that are down come before those that run: while one is missing, another must not stop, or the cluster may be left
 * without a majority. Where their stages stand among the others stays.
 */
export function downFirst(plan: readonly UndoStage[], isDown: (host: string) => boolean): readonly UndoStage[] {
  const isGated = (stage: UndoStage) => stage.some((group) => group.gates.length > 0)
  const isMissing = (stage: UndoStage) => stage.some((group) => isDown(group.host))
  const gated = plan.filter(isGated)
  const ordered = [...gated.filter(isMissing), ...gated.filter((stage) => !isMissing(stage))].values()
  return plan.map((stage) => (isGated(stage) ? (ordered.next().value ?? stage) : stage))
}

interface PlacedGroup extends UndoGroup {
  /** The latest batch of its changes. */
  readonly batch: number
}

interface Batch {
  readonly number: number
  readonly place: string
  readonly rolled: boolean
  readonly changes: readonly Change[]
  readonly services: readonly string[]
  readonly paths: readonly string[]
}

/**
 * Batches of one host that must be undone at once. A path has one old version, and a service must start with all its
 * files put back: so batches that share one belong together, the parts of a play that was resumed do, and files that were placed for a
 * later restart belong to it. A roll is whole in itself.
 */
function groupsOf(changes: readonly Change[]): readonly PlacedGroup[] {
  const batches = batchesOf(changes)
  const leader = batches.map((_, index) => index)
  const lead = (index: number): number => (leader[index] === index ? index : lead(leader[index] ?? index))
  const join = (a: number, b: number) => {
    const [low, high] = [lead(a), lead(b)].sort((x, y) => x - y) as [number, number]
    leader[low] = high
  }
  for (const [index, batch] of batches.entries()) {
    const laterOnes = batches.map((later, place) => ({ later, place })).slice(index + 1)
    for (const { later, place } of laterOnes) if (belongTogether(batch, later)) join(index, place)
    if (batch.rolled || batch.services.length > 0) continue
    const restart = laterOnes.find(({ later }) => later.services.length > 0)
    if (restart !== undefined) join(index, restart.place)
  }
  const leaders = [...new Set(batches.map((_, index) => lead(index)))]
  return leaders.map((one) => grouped(batches.filter((_, index) => lead(index) === one)))
}

function batchesOf(changes: readonly Change[]): readonly Batch[] {
  const numbers = [...new Set(changes.map((change) => change.batch))].sort((a, b) => a - b)
  return numbers.map((number) => {
    const own = changes.filter((change) => change.batch === number)
    const undoings = own.flatMap(({ undoing }) => (undoing === undefined ? [] : [undoing]))
    return {
      number,
      place: own[0]?.play.place ?? '',
      rolled: own.some((change) => change.play.rolled),
      changes: own,
      services: undoings.flatMap((undoing) => (undoing.kind === 'service' ? [undoing.name] : [])),
      paths: undoings.flatMap((undoing) => (undoing.kind === 'service' ? [] : [undoing.path])),
    }
  })
}

function belongTogether(a: Batch, b: Batch): boolean {
  if (a.place === b.place) return true
  return a.services.some((name) => b.services.includes(name)) || a.paths.some((path) => b.paths.includes(path))
}

function grouped(batches: readonly Batch[]): PlacedGroup {
  const changes = batches.flatMap((batch) => batch.changes)
  return {
    host: changes[0]?.host ?? '',
    changes,
    rolled: batches.some((batch) => batch.rolled),
    gates: [...new Set(changes.flatMap((change) => change.play.gates))],
    batch: Math.max(...batches.map((batch) => batch.number)),
  }
}
