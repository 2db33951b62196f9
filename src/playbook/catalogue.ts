import type { Module } from '../modules/module.ts'
import { nearest } from '../nearest.ts'

/** The modules a playbook may use, found by every name they answer to. */
export interface Catalogue {
  find(name: string): Module | undefined
  readonly names: readonly string[]
}

const catalogues = new WeakMap<ReadonlyMap<string, Module>, Catalogue>()

export function catalogueOf(modules: ReadonlyMap<string, Module>): Catalogue {
  const known = catalogues.get(modules)
  if (known !== undefined) return known
  const byName = new Map<string, Module>()
  for (const module of modules.values()) {
    for (const name of [module.name, ...module.aliases]) byName.set(name, module)
  }
  const catalogue: Catalogue = {
    find: (name) => byName.get(withoutCollection(name, byName)),
    names: [...byName.keys()],
  }
  catalogues.set(modules, catalogue)
  return catalogue
}

/** The part of a fully qualified name that is meant for these words of the language itself. */
export function plainName(name: string): string {
  return name.replace(/^ansible\.(builtin|legacy)\./, '')
}

export function nearestName(word: string, names: Iterable<string>): string | undefined {
  const near = nearest(word, names)
  return near === undefined ? undefined : `Did you mean "${near}"?`
}

function withoutCollection(name: string, known: ReadonlyMap<string, Module>): string {
  return known.has(name) ? name : plainName(name)
}
