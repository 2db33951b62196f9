import * as z from 'zod'
import { text } from './argument-types.ts'
import { defineModule } from './module.ts'

export const fail = defineModule({
  name: 'fail',
  aliases: ['ansible.builtin.fail'],
  summary: 'Fails the host, with a message',
  examples: `- fail:
    msg: Set elastic_password first
  when: elastic_password is not defined
`,
  args: z.strictObject({
    msg: text().default('Failed as requested from task').describe('Message of the failure'),
  }),
  inspect: async () => undefined,
  decide: (_, args) => ({ kind: 'fail', message: args.msg }),
})
