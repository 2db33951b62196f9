import type { HostCounts, RunRecap, TaskStatus } from '../engine/events.ts'
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

/** Ansible's recap line, with `undetermined` added where a check could not know. */
export function recapLines(recap: RunRecap, color: boolean): readonly string[] {
  const hosts = Object.entries(recap.hosts)
  const width = Math.max(26, ...hosts.map(([host]) => host.length + 1))
  return hosts.map(([host, counts]) => {
    const shown = counts.undetermined > 0 ? [...columns, 'undetermined' as const] : columns
    const cells = shown.map((name) => cell(name, counts[name], color))
    return `${paint(host.padEnd(width), worstOf(counts), color)}: ${cells.join(' ')}`
  })
}

function cell(name: keyof HostCounts, count: number, color: boolean): string {
  const text = `${name}=${String(count)}`.padEnd(name.length + 5)
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
