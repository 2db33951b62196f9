import * as z from 'zod'
import { anything, converted, int } from './argument-types.ts'
import { defineModule } from './module.ts'

export const debug = defineModule({
  name: 'debug',
  aliases: ['ansible.builtin.debug'],
  summary: 'Shows a text or a variable',
  examples: `- debug:
    msg: The cluster has {{ groups.elasticsearch | length }} nodes
`,
  rawArguments: ['var'],
  args: z
    .strictObject({
      msg: anything().optional().describe('What is shown; "Hello world!" if nothing else is said'),
      var: converted('str', 'an expression', (value) => (typeof value === 'string' && value !== '' ? value : undefined))
        .optional()
        .describe('Variable or expression whose value is shown, without braces'),
      verbosity: int().default(0).describe('Accepted for Ansible; the task is shown at every verbosity of 0 only'),
    })
    .refine((args) => args.msg === undefined || args.var === undefined, {
      message: '"msg" and "var" exclude each other',
    })
    .refine((args) => args.verbosity === 0, { message: 'must be 0 (others are not supported)', path: ['verbosity'] }),
  inspect: async () => undefined,
  decide: (_, args, context) => {
    if (args.var === undefined) {
      const shown = args.msg ?? 'Hello world!'
      return { kind: 'keep', reason: textOf(shown), result: { msg: shown } }
    }
    const value = context.evaluate(args.var)
    return { kind: 'keep', reason: `${args.var}: ${textOf(value)}`, result: { [args.var]: value } }
  },
})

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
