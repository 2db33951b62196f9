import { TaskError } from '../errors.ts'
import { Secret } from '../secrets/secret.ts'
import type { ChangeKeystore } from './effect.ts'
import type { Decision } from './module.ts'

export interface KeystoreWish {
  /** Names and values in the keystore now. */
  readonly stored: ReadonlyMap<string, string>
  /** What check mode would have changed; a removed setting is undefined. */
  readonly pending: ReadonlyMap<string, string | undefined>
  readonly set: ReadonlyMap<string, Secret>
  readonly absent: readonly string[]
}

export interface KeystoreDifference {
  readonly set: ReadonlyMap<string, Secret>
  readonly remove: readonly string[]
  /** Names only; undefined when there is nothing to change. */
  readonly summary: string | undefined
  readonly reason: string
}

/** What has to change so that a keystore says what is wished. */
export function keystoreChange(wish: KeystoreWish): KeystoreDifference {
  const now = (name: string) => (wish.pending.has(name) ? wish.pending.get(name) : wish.stored.get(name))
  const set = new Map([...wish.set].filter(([name, value]) => now(name) !== value.reveal()))
  const remove = wish.absent.filter((name) => now(name) !== undefined)
  const parts = [
    ...[...set.keys()].map((name) => `${now(name) === undefined ? 'add' : 'replace'} ${name}`),
    ...remove.map((name) => `remove ${name}`),
  ]
  return {
    set,
    remove,
    summary: parts.length === 0 ? undefined : parts.join(', '),
    reason:
      wish.set.size === 0 ? 'holds nothing that is not wanted' : `holds ${[...wish.set.keys()].join(', ')} as wanted`,
  }
}

/** Keep, or have the product's own tool make the change. */
export function keystoreDecision(
  path: string,
  { set, remove, summary, reason }: KeystoreDifference,
  tool: () => Pick<ChangeKeystore, 'script' | 'stdin'>,
): Decision {
  if (summary === undefined) return { kind: 'keep', reason }
  const effect: ChangeKeystore = { kind: 'change-keystore', path, set, remove, ...tool() }
  return { kind: 'change', change: { summary: `${path}: ${summary}`, effects: [effect] } }
}

/** The values of a task's `set`, wrapped. A line end in a value could not be told from the end of the value. */
export function wantedSecrets(set: Readonly<Record<string, unknown>>): ReadonlyMap<string, Secret> {
  return new Map(
    Object.entries(set).map(([name, value]) => {
      const isText = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
      if (!isText && !(value instanceof Secret)) throw new TaskError(`The value of "${name}" must be a string`)
      return [name, value instanceof Secret ? value : new Secret(String(value))]
    }),
  )
}
