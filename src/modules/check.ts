import type { Decision, Probe } from './module.ts'

/** One thing that was verified, as `elkseal verify` lists it. All of it is safe to print. */
export interface Check {
  readonly name: string
  readonly host: string
  readonly ok: boolean
  readonly expected: string
  readonly found: string
}

/** What a module of checks decides: the list is in its result either way. */
export function checkResults(subject: string, checks: readonly Check[]): Decision {
  const bad = checks.filter((check) => !check.ok)
  const result = { checks }
  if (bad.length === 0) return { kind: 'keep', reason: `${subject}: ${checks.length} checks are right`, result }
  return {
    kind: 'fail',
    message: bad.map((check) => `${check.name}: expected ${check.expected}, found ${check.found}`).join('; '),
    result,
  }
}

/** The same for a module that waits until all is right: the list of the last look is in its result either way. */
export function checkProbe(subject: string, checks: readonly Check[]): Probe {
  const verdict = checkResults(subject, checks)
  if (verdict.kind === 'keep') return { done: true, reason: verdict.reason, result: { checks } }
  return { done: false, found: verdict.kind === 'fail' ? verdict.message : subject, result: { checks } }
}
