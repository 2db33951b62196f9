import assert from 'node:assert/strict'
import { renderDocument, renderIndex } from '../../src/modules/document.ts'
import { argumentNames, argumentProblems } from '../../src/modules/arguments.ts'
import { allModules, modulesByName } from '../../src/modules/registry.ts'
import { parseYaml, yamlValue } from '../../src/yaml-source.ts'

describe('renderDocument', () => {
  it('names every argument with its default, aliases and choices', () => {
    const page = renderDocument(modulesByName.get('file')!)
    assert.match(page, /^# file\n/)
    assert.match(page, /\| `path` \(`dest`\) \(`name`\) \| path \| \*\*required\*\* \|/)
    assert.match(page, /\| `recurse` \| bool \| `false` \|/)
    assert.match(page, /One of `file`, `directory`, `link`, `hard`, `touch`, `absent`/)
    assert.match(page, /Also: `ansible\.builtin\.file`/)
  })

  for (const module of allModules) {
    it(`shows tasks of ${module.name} that are right`, () => {
      const page = renderDocument(module)
      for (const name of argumentNames(module)) assert.ok(page.includes(`\`${name}\``), name)
      const source = parseYaml(module.examples, 'example.yml')
      assert.deepEqual(source.problems, [])
      const tasks = yamlValue(source.root!) as Record<string, unknown>[]
      for (const task of tasks) {
        const name = Object.keys(task).find((key) => modulesByName.has(key))
        const known = modulesByName.get(name ?? '')
        assert.ok(name !== undefined && known !== undefined, JSON.stringify(task))
        const given = task[name] ?? {}
        const args = typeof given === 'string' ? { [known.freeForm ?? 'no free form']: given } : given
        assert.deepEqual(argumentProblems(known, args as Record<string, unknown>, new Map()), [])
      }
    })
  }
})

describe('renderIndex', () => {
  it('links to every module', () => {
    for (const module of allModules) assert.ok(renderIndex(allModules).includes(`(${module.name}.md)`))
  })
})
