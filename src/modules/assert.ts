import * as z from 'zod'
import { bool, converted, text } from './argument-types.ts'
import { defineModule } from './module.ts'

export const assert = defineModule({
  name: 'assert',
  aliases: ['ansible.builtin.assert'],
  summary: 'Fails unless all conditions hold',
  examples: `- assert:
    that:
      - groups.elasticsearch | length >= 3
      - elastic_password | length >= 6
    fail_msg: The cluster is not what this playbook is for
`,
  rawArguments: ['that'],
  args: z.strictObject({
    that: converted('list', 'a condition or a list of conditions', conditionsFrom).describe('Conditions, as in `when`'),
    fail_msg: text()
      .meta({ aliases: ['msg'] })
      .optional()
      .describe('Message if one does not hold'),
    success_msg: text().default('All assertions passed').describe('Message if all hold'),
    quiet: bool().default(false).describe('Leaves the list of conditions out of the result'),
  }),
  inspect: async () => undefined,
  decide: (_, args, context) => {
    for (const condition of args.that) {
      const value = typeof condition === 'boolean' ? condition : context.evaluate(condition)
      if (value === true) continue
      const result = { assertion: condition, evaluated_to: value === false ? false : value }
      const message = args.fail_msg ?? `Assertion "${String(condition)}" does not hold`
      if (value === false) return { kind: 'fail', message, result }
      return { kind: 'fail', message: `Assertion "${String(condition)}" is no boolean`, result }
    }
    return { kind: 'keep', reason: args.success_msg, result: args.quiet ? {} : { assertions: args.that } }
  },
})

function conditionsFrom(value: unknown): readonly (string | boolean)[] | undefined {
  const items: unknown[] = Array.isArray(value) ? value : [value]
  const found = items.filter(
    (item): item is string | boolean => typeof item === 'boolean' || (typeof item === 'string' && item.trim() !== ''),
  )
  return found.length === items.length && found.length > 0 ? found : undefined
}
