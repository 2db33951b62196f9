import assert from 'node:assert/strict'
import { TaskError } from '../../src/errors.ts'
import type { Context } from '../../src/modules/module.ts'
import { contextVariables, lookVariables } from '../../src/modules/task-variables.ts'

describe('a number in a variable', () => {
  const found = (value: unknown): (() => number | undefined)[] => [
    () => contextVariables({ variable: () => value } as unknown as Context).number('gate_timeout'),
    () => lookVariables({ render: () => String(value) }).number('gate_timeout'),
  ]

  it('may be a text, as -e gives it, and may be missing', () => {
    for (const read of [...found(600), ...found('600')]) assert.equal(read(), 600)
    for (const read of found('')) assert.equal(read(), undefined)
  })

  it('is refused where it is none: nobody would wait until then', () => {
    for (const text of ['10m', '1.5', 'none']) {
      for (const read of found(text)) {
        assert.throws(read, new TaskError(`The variable "gate_timeout" must be a whole number, not "${text}"`))
      }
    }
  })
})
