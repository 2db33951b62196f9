import type { Scope } from '../vars/scope.ts'

/** A keyword's value, or another where it is not said or cannot be rendered: what is only shown must not fail a task. */
export function valueOr(scope: Scope, raw: unknown, otherwise: unknown): unknown {
  if (raw === undefined) return otherwise
  try {
    return scope.renderValue(raw)
  } catch {
    return otherwise
  }
}
