import { UsageError } from '../../errors.ts'
import { renderDocument } from '../../modules/document.ts'
import { allModules, modulesByName, nearestModule } from '../../modules/registry.ts'
import { exitCodes } from '../exit-code.ts'
import type { ProcessView } from '../process.ts'

/** `elkseal doc`: the documentation of modules, from their own argument schemas. */
export async function docCommand(names: readonly string[], view: ProcessView): Promise<number> {
  if (names.length === 0) {
    const width = Math.max(...allModules.map((module) => module.name.length))
    for (const module of allModules) view.stdout.write(`${module.name.padEnd(width)}  ${module.summary}\n`)
    return exitCodes.ok
  }
  for (const name of names) {
    const module = modulesByName.get(name)
    if (module === undefined) {
      const near = nearestModule(name)
      throw new UsageError(`There is no module "${name}"`, {
        hint: near === undefined ? 'elkseal doc lists them all' : `Did you mean "${near}"?`,
      })
    }
    view.stdout.write(`${renderDocument(module)}\n`)
  }
  return exitCodes.ok
}
