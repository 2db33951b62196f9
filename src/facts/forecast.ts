import type { FileState } from './file-state.ts'
import type { ServiceState } from './service-state.ts'

/**
 * Check mode's picture of one host: what earlier tasks would have changed. Empty in a real run. Effects write it,
 * questions read it (`foresee`).
 */
export class Forecast {
  readonly #files = new Map<string, FileState>()
  readonly #services = new Map<string, ServiceState>()
  readonly #keystores = new Map<string, ReadonlyMap<string, string | undefined>>()
  /** When each file, keystore and service would last change, as a count of changes. */
  readonly #turns = new Map<string, number>()
  #turn = 0
  #pending = false

  /** One to go on from here, of which this one learns nothing. */
  fork(): Forecast {
    const fork = new Forecast()
    for (const [path, state] of this.#files) fork.#files.set(path, state)
    for (const [name, state] of this.#services) fork.#services.set(name, state)
    for (const [id, changes] of this.#keystores) fork.#keystores.set(id, changes)
    for (const [subject, turn] of this.#turns) fork.#turns.set(subject, turn)
    fork.#turn = this.#turn
    fork.#pending = this.#pending
    return fork
  }

  /** Whether anything would have been changed so far: what cannot be looked up now may then be undetermined. */
  get pending(): boolean {
    return this.#pending
  }

  notePending(): void {
    this.#pending = true
  }

  file(path: string): FileState | undefined {
    const known = this.#files.get(path)
    if (known !== undefined) return known
    // A file below a folder that would be removed or does not exist yet.
    for (let at = parentOf(path); at !== undefined; at = parentOf(at)) {
      const state = this.#files.get(at)
      if (state?.kind === 'absent') return { kind: 'absent' }
      if (state?.kind === 'directory' && state.fresh === true) return { kind: 'absent' }
    }
    return undefined
  }

  /** Whether something would be in it, so that it is a folder. */
  hasBelow(path: string): boolean {
    return [...this.#files].some(([known, { kind }]) => kind !== 'absent' && known.startsWith(`${path}/`))
  }

  setFile(path: string, state: FileState): void {
    this.#pending = true
    if (state.kind === 'absent') {
      for (const known of this.#files.keys()) if (known.startsWith(`${path}/`)) this.#files.delete(known)
    }
    this.#files.set(path, state)
    this.#note(`file:${path}`)
  }

  service(name: string): ServiceState | undefined {
    return this.#services.get(name)
  }

  setService(name: string, state: ServiceState): void {
    this.#pending = true
    this.#services.set(name, state)
    this.#note(`service:${name}`)
  }

  /** Whether a file, or the keystore in it, would change after a service last starts or stops. */
  changesAfter(path: string, service: string): boolean {
    const turn = (subject: string) => this.#turns.get(subject) ?? 0
    return Math.max(turn(`file:${path}`), turn(`keystore:${path}`)) > turn(`service:${service}`)
  }

  /** Setting names of a keystore whose value would be set (a keyed digest is not needed: the value itself is compared) or removed (undefined). */
  keystore(id: string): ReadonlyMap<string, string | undefined> | undefined {
    return this.#keystores.get(id)
  }

  setKeystore(id: string, changes: ReadonlyMap<string, string | undefined>): void {
    this.#pending = true
    this.#keystores.set(id, new Map([...(this.#keystores.get(id) ?? []), ...changes]))
    this.#note(`keystore:${id}`)
  }

  #note(subject: string): void {
    this.#turn += 1
    this.#turns.set(subject, this.#turn)
  }
}

function parentOf(path: string): string | undefined {
  const slash = path.lastIndexOf('/')
  return slash <= 0 ? undefined : path.slice(0, slash)
}
