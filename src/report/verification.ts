import type { TaskFinished } from '../engine/events.ts'
import type { Check } from '../modules/check.ts'
import { dye, printable } from './style.ts'

export type { Check }

/** The checks that a module left in its result. */
export function checksOf(event: TaskFinished): readonly Check[] {
  const checks = event.result['checks']
  if (!Array.isArray(checks)) return []
  return checks.filter(isCheck)
}

function isCheck(value: unknown): value is Check {
  return typeof value === 'object' && value !== null && 'name' in value && 'ok' in value && 'found' in value
}

/** A table for people, by host: one line a check, what was expected only where it was not found. */
export function verificationTable(checks: readonly Check[], color: boolean): string {
  const width = (pick: (check: Check) => string) => Math.max(4, ...checks.map((check) => pick(check).length))
  const hostWidth = width((check) => check.host)
  const nameWidth = width((check) => check.name)
  // Hosts answer in any order; es10 comes behind es2, and the checks of one host stay as they were made.
  const { compare } = new Intl.Collator('en', { numeric: true })
  const rows = checks
    .toSorted((a, b) => compare(a.host, b.host))
    .map((check) => {
      const mark = check.ok ? dye('ok', 'green', color) : dye('BAD', ['bold', 'red'], color)
      const found = printable(check.found).replaceAll('\n', ' ')
      const wanted = check.ok ? '' : `   expected: ${printable(check.expected)}`
      return `${check.host.padEnd(hostWidth)}  ${check.name.padEnd(nameWidth)}  ${mark}${check.ok ? ' ' : ''}  ${found}${wanted}`
    })
  const head = `${'HOST'.padEnd(hostWidth)}  ${'CHECK'.padEnd(nameWidth)}       FOUND`
  return [dye(head, 'bold', color), ...rows].join('\n')
}
