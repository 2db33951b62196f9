import { TaskError } from '../errors.ts'
import { nearest } from '../nearest.ts'
import { Secret } from '../secrets/secret.ts'
import type { Vault } from '../secrets/vault.ts'
import { LazyMap, native, Undefined } from './jinja/value.ts'
import { LazyValues } from './lazy-values.ts'
import { isOmitted, omit } from './omit.ts'
import { asTaskError, evaluateExpression, evaluateTemplate, isTemplate, type Surroundings } from './template.ts'

/** Variables of one origin. What was read from a host (facts, results) is untrusted: it is never a template. */
export interface Layer {
  readonly values: Readonly<Record<string, unknown>>
  readonly trusted: boolean
}

export interface ScopeOptions {
  /** For `!vault` values of playbooks. */
  readonly vault?: Vault
  /** Told of every secret whose text became part of another text. */
  readonly onSecret?: (secret: Secret) => void
  /** The variables of another host, asked for only when a template reads them; undefined for an unknown host. */
  readonly hostvars?: (host: string) => Scope | undefined
  readonly hostNames?: () => readonly string[]
}

/** Variables as templates see them. All methods throw a TaskError that names what is undefined, with the template. */
export interface Scope {
  has(name: string): boolean
  /** The rendered value. Secrets stay Secrets. */
  variable(name: string): unknown
  /** Text with every template in it replaced. */
  render(text: string): string
  /** The same for the text of a template file, in whose quotes a backslash escapes. */
  renderFile(text: string): string
  /** A raw value with everything inside rendered; strings that are one expression become its value. */
  renderValue(raw: unknown): unknown
  evaluate(expression: string): unknown
  /** True when all conditions hold; an empty list holds. Stops at the first that does not. */
  holds(conditions: readonly string[]): boolean
  names(): readonly string[]
}

/** Layers from lowest to highest precedence. Nothing is rendered before it is asked for. */
export function createScope(layers: readonly Layer[], options: ScopeOptions = {}): Scope {
  return new TemplateScope(layers, options)
}

class TemplateScope implements Scope {
  readonly #layers: readonly Layer[]
  readonly #options: ScopeOptions
  readonly #values: LazyValues
  readonly #rendered = new Map<string, unknown>()
  readonly #magic: ReadonlyMap<string, () => unknown>
  readonly #hosts = new Map<string, unknown>()

  constructor(layers: readonly Layer[], options: ScopeOptions) {
    this.#layers = layers
    this.#options = options
    const surroundings: Surroundings = {
      resolve: (name) => this.resolve(name),
      reveal: (text) => options.onSecret?.(new Secret(text)),
    }
    this.#values = new LazyValues(surroundings, options.vault)
    this.#magic = new Map([
      ['omit', () => omit],
      ['vars', () => this.asMap()],
      ...(options.hostvars === undefined ? [] : ([['hostvars', () => this.#hostvars()]] as const)),
    ])
  }

  has(name: string): boolean {
    return this.#layers.some((layer) => Object.hasOwn(layer.values, name)) || this.#magic.has(name)
  }

  names(): readonly string[] {
    return [...new Set(this.#layers.flatMap((layer) => Object.keys(layer.values)))]
  }

  variable(name: string): unknown {
    return this.#outside('', () => native(this.resolve(name)))
  }

  render(text: string): string {
    if (!isTemplate(text)) return text
    return this.#outside(text, () => this.#values.text(evaluateTemplate(text, this.#values.surroundings)))
  }

  renderFile(text: string): string {
    return this.#outside('', () => this.#values.text(evaluateTemplate(text, this.#values.surroundings, 'file')))
  }

  renderValue(raw: unknown): unknown {
    const text = typeof raw === 'string' ? raw : ''
    return this.#outside(text, () => withoutOmitted(native(this.#values.lazy(raw, ''))))
  }

  evaluate(expression: string): unknown {
    if (isTemplate(expression)) return this.renderValue(expression)
    return this.#outside(expression, () => native(evaluateExpression(expression, this.#values.surroundings)))
  }

  holds(conditions: readonly string[]): boolean {
    return conditions.every((condition) => this.#holds(condition))
  }

  /** The value of a name inside templates: lazy where it can be, Undefined where something is missing. */
  resolve(name: string): unknown {
    if (this.#rendered.has(name)) return this.#rendered.get(name)
    const value = this.#lookup(name)
    if (!(value instanceof Undefined)) this.#rendered.set(name, value)
    return value
  }

  asMap(): LazyMap {
    const has = (name: string) => this.#layers.some((layer) => Object.hasOwn(layer.values, name))
    return new LazyMap(
      () => this.names(),
      (name) => this.resolve(name),
      has,
    )
  }

  #lookup(name: string): unknown {
    for (let index = this.#layers.length - 1; index >= 0; index -= 1) {
      const layer = this.#layers[index]
      if (layer === undefined || !Object.hasOwn(layer.values, name)) continue
      const raw = layer.values[name]
      if (raw instanceof Undefined || raw === undefined) continue
      return layer.trusted ? this.#values.lazy(raw, name) : raw
    }
    return this.#magic.get(name)?.() ?? this.#undefined(name)
  }

  #undefined(name: string): Undefined {
    const near = nearest(name, [...this.names(), ...this.#magic.keys()])
    return new Undefined(`"${name}" is undefined`, name, near === undefined ? undefined : `Did you mean "${near}"?`)
  }

  #hostvars(): LazyMap {
    const hosts = this.#options.hostNames?.() ?? []
    const known = new Set(hosts)
    return new LazyMap(
      () => hosts,
      (host) => this.#host(host),
      (host) => known.has(host) || this.#host(host) !== undefined,
    )
  }

  #host(host: string): unknown {
    const known = this.#hosts.get(host)
    if (known !== undefined) return known
    const scope = this.#options.hostvars?.(host)
    const map = scope instanceof TemplateScope ? scope.asMap() : undefined
    this.#hosts.set(host, map)
    return map
  }

  #holds(condition: string): boolean {
    if (condition.trim() === '') return true
    const result = this.evaluate(condition)
    if (typeof result === 'boolean') return result
    throw new TaskError(`The condition "${condition}" gives ${kindOf(result)}, not true or false`, {
      hint: 'Compare it, or convert it with "| bool"; ask a list or text for "| length > 0"; leave out "{{ }}"',
    })
  }

  #outside<Result>(text: string, work: () => Result): Result {
    try {
      return work()
    } catch (error) {
      throw asTaskError(error, text)
    }
  }
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'nothing'
  if (value instanceof Secret) return 'a secret'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'a mapping' : `a ${typeof value}`
}

/** As Ansible: entries and elements that are `omit` are left out at any depth. */
function withoutOmitted(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((item) => !isOmitted(item)).map(withoutOmitted)
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
  const entries = Object.entries(value).filter(([, item]) => !isOmitted(item))
  return Object.fromEntries(entries.map(([key, item]) => [key, withoutOmitted(item)]))
}
