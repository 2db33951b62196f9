import { timingSafeEqual } from 'node:crypto'
import { UsageError } from '../../errors.ts'
import type { Vault } from '../../secrets/vault.ts'
import { plainText } from '../plain-text.ts'
import { planFormat, type Plan } from './plan.ts'
import { PlanKey } from './plan-key.ts'

export interface OpenedPlan {
  readonly plan: Plan
  readonly key: PlanKey
}

/** The text of a plan file: indented JSON, ending in the key and a seal over all that stands before it. */
export function planText(plan: Plan, key: PlanKey): string {
  const sealed = { ...plan, key: key.envelope.trim().split('\n') }
  return `${JSON.stringify({ ...sealed, seal: sealOf(sealed, key) }, undefined, 2)}\n`
}

/** Reads a plan file. Throws a UsageError when it is none, of another version, or not as it was written. */
export function readPlanText(
  text: string,
  file: string,
  given: { readonly vault: Vault; readonly version: string },
): OpenedPlan {
  const { seal, ...sealed } = jsonOf(text, file)
  const { key: envelope, ...plan } = sealed
  if (typeof plan['format'] !== 'string' || !plan['format'].startsWith('elkseal plan ')) throw noPlan(file)
  if (plan['format'] !== planFormat || plan['elkseal'] !== given.version) {
    throw new UsageError(
      `The plan "${file}" was made by elkseal ${String(plan['elkseal'])}, and this is ${given.version}`,
      {
        hint: makeAnother,
      },
    )
  }
  if (!Array.isArray(envelope)) throw noPlan(file)
  const key = PlanKey.open(`${envelope.join('\n')}\n`, given.vault, `"${file}"`)
  if (!isEqual(String(seal), sealOf(sealed, key))) {
    throw new UsageError(`The plan "${file}" was changed after it was made`, { hint: makeAnother })
  }
  return { plan: plan as unknown as Plan, key }
}

const makeAnother = 'Make a new one with elkseal run … --plan-out, and review that'

function sealOf(sealed: Readonly<Record<string, unknown>>, key: PlanKey): string {
  // What JSON leaves out must not count, or the seal would not fit what is read back.
  return key.digest(`plan ${plainText(JSON.parse(JSON.stringify(sealed)))}`)
}

function jsonOf(text: string, file: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>
  } catch {
    // Said below.
  }
  throw noPlan(file)
}

function noPlan(file: string): UsageError {
  return new UsageError(`"${file}" is no plan of elkseal`, { hint: 'Make one with elkseal run … --plan-out FILE' })
}

function isEqual(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)]
  return a.length === b.length && timingSafeEqual(a, b)
}
