import { renderPosition, type Position } from '../errors.ts'
import { UnsafeText } from '../inventory/unsafe-text.ts'
import { Secret } from '../secrets/secret.ts'
import type { Vault } from '../secrets/vault.ts'
import { pyText } from './jinja/python.ts'
import {
  EvaluationError,
  force,
  isPlainMap,
  LazyList,
  LazyMap,
  Undefined,
  UndefinedError,
  type PlainMap,
} from './jinja/value.ts'
import { evaluateTemplate, isTemplate, type Surroundings } from './template.ts'

/** A string that the playbook's parser wrapped: `!unsafe` is never a template, `!vault` is still encrypted. */
export interface TaggedText {
  readonly tag: '!unsafe' | '!vault'
  readonly text: string
  readonly position: Position
}

/** Deeper nesting of variables is an endless one: over other hosts' variables no chain of names shows it. */
const deepest = 100
let depth = 0

/** Raw values as templates see them: each part is rendered when it is read, and once. */
export class LazyValues {
  readonly surroundings: Surroundings
  readonly #vault: Vault | undefined
  readonly #rendering: string[] = []

  constructor(surroundings: Surroundings, vault: Vault | undefined) {
    this.surroundings = surroundings
    this.#vault = vault
  }

  text(value: unknown): string {
    return value === null ? '' : pyText(value, this.surroundings.reveal)
  }

  /** `label` names the value in errors: `a.b`; empty for a text that belongs to no variable. */
  lazy(raw: unknown, label: string): unknown {
    if (typeof raw === 'string') return isTemplate(raw) ? this.#evaluate(raw, label) : raw
    if (typeof raw !== 'object' || raw === null) return raw
    if (raw instanceof UnsafeText) return raw.text
    if (isTagged(raw)) return raw.tag === '!unsafe' ? raw.text : this.#vaulted(raw, label)
    if (isFixed(raw)) return raw
    return Array.isArray(raw) ? this.#list(raw, label) : this.#map(raw as PlainMap, label)
  }

  #list(raw: readonly unknown[], label: string): LazyList {
    const made = new Map<number, unknown>()
    return new LazyList(raw.length, (index) => {
      if (!made.has(index)) made.set(index, this.lazy(raw[index], `${label}[${index}]`))
      return made.get(index)
    })
  }

  #map(raw: PlainMap, label: string): LazyMap {
    const made = new Map<string, unknown>()
    return new LazyMap(
      () => Object.keys(raw),
      (key) => {
        if (!made.has(key)) made.set(key, this.lazy(raw[key], label === '' ? '' : `${label}.${key}`))
        return made.get(key)
      },
      (key) => Object.hasOwn(raw, key),
    )
  }

  #vaulted(raw: TaggedText, label: string): Secret {
    const where = label === '' ? renderPosition(raw.position) : `"${label}" (${renderPosition(raw.position)})`
    return new Secret(() => {
      if (this.#vault === undefined) throw new EvaluationError('There is no vault to open a "!vault" value with')
      return this.#vault.decrypt(raw.text, where).revealBytes()
    })
  }

  #evaluate(text: string, label: string): unknown {
    const circle = label !== '' && this.#rendering.includes(label)
    if (circle || depth > deepest) {
      const chain = [...this.#rendering.slice(Math.max(0, this.#rendering.indexOf(label))), label]
      throw new EvaluationError(`The variable "${label}" refers to itself: ${chain.join(' → ')}`)
    }
    if (label !== '') this.#rendering.push(label)
    depth += 1
    try {
      const value = evaluateTemplate(text, this.surroundings)
      // What is lazy in it is bound to this scope already; what is undefined in it must be known here.
      return value instanceof LazyMap || value instanceof LazyList ? value : force(value)
    } catch (error) {
      if (!(error instanceof UndefinedError)) throw error
      const { message, name, hint } = error.undefinedValue
      return new Undefined(label === '' ? message : `${message}, which "${label}" needs`, name, hint)
    } finally {
      depth -= 1
      if (label !== '') this.#rendering.pop()
    }
  }
}

const fixed = new WeakMap<object, boolean>()

/** True when nothing inside has to be rendered or decrypted. */
function isFixed(value: unknown): boolean {
  if (typeof value === 'string') return !isTemplate(value)
  if (typeof value !== 'object' || value === null) return true
  const known = fixed.get(value)
  if (known !== undefined) return known
  const answer = computeFixed(value)
  fixed.set(value, answer)
  return answer
}

function computeFixed(value: object): boolean {
  if (value instanceof UnsafeText || isTagged(value)) return false
  if (Array.isArray(value)) return value.every(isFixed)
  return !isPlainMap(value) || Object.values(value).every(isFixed)
}

function isTagged(value: object): value is TaggedText {
  if (!isPlainMap(value) || typeof value['text'] !== 'string' || !('position' in value)) return false
  return value['tag'] === '!unsafe' || value['tag'] === '!vault'
}
