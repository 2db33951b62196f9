import assert from 'node:assert/strict'
import fc from 'fast-check'
import { argumentsKey } from '../../src/engine/arguments.ts'
import { Secret } from '../../src/secrets/secret.ts'

describe('the key of arguments', () => {
  it('tells secrets apart by their values, at any depth', () => {
    const key = (value: string) => argumentsKey({ set: { name: new Secret(value) }, list: [new Secret('x')] })
    assert.equal(key('one'), key('one'))
    assert.notEqual(key('one'), key('two'))
  })

  it('is the same for the same values in another order of their names, and differs for others', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (args) => {
        const turned = Object.fromEntries(Object.entries(args).reverse())
        assert.equal(argumentsKey(args), argumentsKey(turned))
        assert.notEqual(argumentsKey({ ...args, more: 1 }), argumentsKey({ ...args, more: 2 }))
      }),
    )
  })
})
