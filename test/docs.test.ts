import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { generatedDocs } from '../scripts/generated-docs.ts'

const root = join(import.meta.dirname, '..')

describe('the documentation', () => {
  it('is what the sources say (npm run docs)', () => {
    for (const [file, text] of generatedDocs()) {
      assert.equal(existsSync(join(root, file)) && readFileSync(join(root, file), 'utf8'), text, file)
    }
  })

  it('has no generated page too many', () => {
    const pages = globSync('docs/modules/*.md', { cwd: root })
    assert.deepEqual(
      pages.filter((page) => !generatedDocs().has(page)),
      [],
    )
  })

  it('links only to files that exist', () => {
    for (const page of globSync(['README.md', 'CHANGELOG.md', 'docs/**/*.md'], { cwd: root })) {
      const text = readFileSync(join(root, page), 'utf8')
      for (const [, target = ''] of text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
        if (/^[a-z]+:/.test(target)) continue
        assert.ok(existsSync(join(root, dirname(page), target)), `${page} links to ${target}`)
      }
    }
  })
})
