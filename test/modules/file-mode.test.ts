import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, statSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { applyMode, modeFrom } from '../../src/modules/file-mode.ts'
import { LocalHost } from '../support/local-host.ts'

const clause = fc
  .tuple(
    fc.constantFrom('u', 'g', 'o', 'a', 'ug', 'go', 'ugo'),
    fc.constantFrom('=', '+', '-'),
    fc.constantFrom('r', 'rw', 'rwx', 'rX', 'X', 'x', 's', 't', '', 'u', 'g'),
  )
  .map((parts) => parts.join(''))

describe('applyMode', () => {
  it('gives what chmod gives, for files and for folders', () => {
    const host = new LocalHost()
    try {
      const [file, folder] = [host.path('file'), host.path('folder')]
      writeFileSync(file, '')
      mkdirSync(folder)
      const cases = fc.sample(fc.tuple(fc.array(clause, { minLength: 1, maxLength: 3 }), fc.nat(0o777)), {
        numRuns: 60,
        seed: 3,
      })
      for (const [clauses, bits] of cases) {
        const text = clauses.join(',')
        for (const path of [file, folder]) {
          execFileSync('chmod', [bits.toString(8).padStart(5, '0'), path])
          const before = statSync(path).mode & 0o7777
          execFileSync('chmod', [text, path])
          const mode = modeFrom(text)
          assert.ok(mode !== undefined, text)
          const found = applyMode(mode, before, path === folder)
          assert.equal(
            found.toString(8),
            (statSync(path).mode & 0o7777).toString(8),
            `${text} on ${before.toString(8)}`,
          )
        }
      }
    } finally {
      execFileSync('chmod', ['-R', 'u+rwx', host.folder])
      host.remove()
    }
  })
})
