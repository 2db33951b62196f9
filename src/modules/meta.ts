import * as z from 'zod'
import { choice } from './argument-types.ts'
import { defineModule } from './module.ts'

/** Only described here: what it does is the engine's own business, which never asks this module. */
export const meta = defineModule({
  name: 'meta',
  aliases: ['ansible.builtin.meta'],
  summary: 'Tells the run itself to do something',
  examples: '- meta: flush_handlers\n',
  freeForm: 'action',
  args: z.strictObject({
    action: choice('flush_handlers', 'noop', 'end_play', 'end_host', 'clear_host_errors').describe(
      'flush_handlers runs the notified handlers now',
    ),
  }),
  inspect: async () => undefined,
  decide: (_, args) => ({ kind: 'keep', reason: args.action }),
})
