import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { variables, variablesPage } from '../../src/elastic/variables.ts'

const playbooks = join(import.meta.dirname, '../../playbooks')
const texts = ['.', 'tasks']
  .flatMap((folder) => readdirSync(join(playbooks, folder)).map((name) => join(playbooks, folder, name)))
  .filter((file) => file.endsWith('.yml'))
  .map((file) => readFileSync(file, 'utf8'))
  .join('\n')

/** Where code asks for a variable by its name, in quotes. */
const code = ['engine', 'modules']
  .map((folder) => join(import.meta.dirname, '../../src', folder))
  .flatMap((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => readFileSync(file, 'utf8'))
  .join('\n')

describe('variables', () => {
  it('are all read by the shipped playbooks, or by the engine and its modules themselves', () => {
    for (const { name } of variables) {
      assert.ok(new RegExp(`\\b${name}\\b`).test(texts) || code.includes(`'${name}'`), name)
    }
  })

  it('name every variable for which the playbooks have a default', () => {
    const known = new Set(variables.map((variable) => variable.name))
    // What follows a bar is a filter.
    const read = [...texts.matchAll(/(?<!\| )\b(\w+) \| default\(/g)].map(([, name = '']) => name)
    assert.ok(read.length > 30)
    const others = new Set(read.filter((name) => !known.has(name) && name !== 'ansible_host'))
    assert.deepEqual([...others], [])
  })

  it('demand nothing but the password', () => {
    assert.deepEqual(
      variables.filter((variable) => variable.default === undefined).map((variable) => variable.name),
      ['elastic_password'],
    )
  })

  it('make a page with a row each', () => {
    assert.equal([...variablesPage().matchAll(/^\| `/gm)].length, variables.length)
  })
})
