import type { HostCounts, RunRecap, TaskStatus } from '../engine/events.ts'
import type { ReportTarget } from './reporter.ts'
import { paint } from './style.ts'

const columns: readonly (keyof HostCounts)[] = [
  'ok',
  'changed',
  'unreachable',
  'failed',
  'skipped',
  'rescued',
  'ignored',
]

/** Columns that Ansible's form takes behind the host's name. */
const wideCells = 92
const undeterminedCell = 18

/**
 * Ansible's recap line, with `undetermined` added where a check could not know; on a terminal too narrow for it, the
 * same words closer together.
 */
export function recapLines(recap: RunRecap, target: Pick<ReportTarget, 'color' | 'columns'>): readonly string[] {
  const hosts = Object.entries(recap.hosts)
  const longest = Math.max(0, ...hosts.map(([host]) => host.length + 1))
  const isUnsure = hosts.some(([, counts]) => counts.undetermined > 0)
  const wide = Math.max(26, longest) + wideCells + (isUnsure ? undeterminedCell : 0)
  const narrow = wide > target.columns
  const width = narrow ? longest : Math.max(26, longest)
  return hosts.map(([host, counts]) => {
    const shown = counts.undetermined > 0 ? [...columns, 'undetermined' as const] : columns
    const cells = shown.map((name) => cell(name, counts[name], { color: target.color, digits: narrow ? 0 : 4 }))
    return `${paint(host.padEnd(width), worstOf(counts), target.color)}: ${cells.join(' ')}`
  })
}

function cell(
  name: keyof HostCounts,
  count: number,
  { color, digits }: { readonly color: boolean; readonly digits: number },
): string {
  const text = `${name}=${String(count).padEnd(digits)}`
  return count === 0 ? text : paint(text, name, color)
}

function worstOf(counts: HostCounts): TaskStatus {
  if (counts.unreachable > 0) return 'unreachable'
  if (counts.failed > 0) return 'failed'
  return counts.changed > 0 ? 'changed' : 'ok'
}

export function durationText(ms: number): string {
  const seconds = ms / 1000
  if (seconds < 60) return `${seconds.toFixed(1)} s`
  return `${String(Math.floor(seconds / 60))} min ${String(Math.round(seconds % 60))} s`
}
