import type { LockOnHost } from '../engine/lock/unlock-hosts.ts'
import { runOf } from '../engine/lock/lock-owner.ts'
import { durationText, timeText } from '../engine/lock/lock-words.ts'
import { dye, printable } from './style.ts'

const head = ['HOST', 'RUN', 'WHO', 'SINCE', 'LAST SIGN OF LIFE', 'DOING']

/** A table for people: one line a lock. */
export function locksTable(locks: readonly LockOnHost[], color: boolean): string {
  const rows = [head, ...locks.map(rowOf)]
  const widths = head.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
  return lines.map((line, index) => (index === 0 ? dye(line, 'bold', color) : printable(line))).join('\n')
}

function rowOf({ host, found, verdict, removed }: LockOnHost): readonly string[] {
  const { owner, silentMs, lock } = found
  const life = silentMs === undefined ? 'not known' : `${durationText(silentMs)} ago`
  const state = { gone: ', its process has ended', stale: ', stale', alive: '' }[verdict]
  const limit = owner?.limit === undefined ? '' : ` --limit ${owner.limit}`
  return [
    host,
    runOf(lock),
    owner === undefined ? 'not known' : `${owner.user}@${owner.controller} (pid ${String(owner.process.pid)})`,
    owner === undefined ? 'not known' : timeText(owner.started),
    `${life}${state}${removed ? ': removed' : ''}`,
    owner === undefined ? 'not known' : `${owner.playbook}${limit}`,
  ]
}

/** For programs: one object a lock. */
export function lockLine({ host, found, verdict, removed }: LockOnHost): string {
  const { owner, silentMs, lock } = found
  const { user, controller, process, started, playbook, limit } = owner ?? {}
  const whose = { user, controller, pid: process?.pid, started, playbook, limit }
  return JSON.stringify({ event: 'lock', host, run: runOf(lock), ...whose, silentMs, verdict, removed })
}
