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
  #pending = false

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

  setFile(path: string, state: FileState): void {
    this.#pending = true
    if (state.kind === 'absent') {
      for (const known of this.#files.keys()) if (known.startsWith(`${path}/`)) this.#files.delete(known)
    }
    this.#files.set(path, state)
  }

  service(name: string): ServiceState | undefined {
    return this.#services.get(name)
  }

  setService(name: string, state: ServiceState): void {
    this.#pending = true
    this.#services.set(name, state)
  }

  /** Setting names of a keystore whose value would be set (a keyed digest is not needed: the value itself is compared) or removed (undefined). */
  keystore(id: string): ReadonlyMap<string, string | undefined> | undefined {
    return this.#keystores.get(id)
  }

  setKeystore(id: string, changes: ReadonlyMap<string, string | undefined>): void {
    this.#pending = true
    this.#keystores.set(id, new Map([...(this.#keystores.get(id) ?? []), ...changes]))
  }
}

function parentOf(path: string): string | undefined {
  const slash = path.lastIndexOf('/')
  return slash <= 0 ? undefined : path.slice(0, slash)
}
