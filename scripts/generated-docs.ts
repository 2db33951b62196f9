import { gatesPage } from '../src/elastic/gates-page.ts'
import { variablesPage } from '../src/elastic/variables.ts'
import { renderDocument, renderIndex } from '../src/modules/document.ts'
import { allModules } from '../src/modules/registry.ts'

/** Every generated page of docs/: path and text. `npm run docs` writes them; a test compares them. */
export function generatedDocs(): ReadonlyMap<string, string> {
  return new Map([
    ['docs/variables.md', variablesPage()],
    ['docs/gates.md', gatesPage()],
    ['docs/modules/README.md', renderIndex(allModules)],
    ...allModules.map((module) => [`docs/modules/${module.name}.md`, renderDocument(module)] as const),
  ])
}
