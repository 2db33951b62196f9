import * as z from 'zod'
import { fileAt } from '../facts/file.ts'
import { path } from './argument-types.ts'
import { defineModule } from './module.ts'

export const slurp = defineModule({
  name: 'slurp',
  aliases: ['ansible.builtin.slurp'],
  summary: 'Reads a file of the host, as base64',
  examples: `- slurp:
    src: /etc/machine-id
  register: id

- debug:
    msg: "{{ id.content | b64decode }}"
`,
  args: z.strictObject({
    src: path()
      .meta({ aliases: ['path'] })
      .describe('File on the host'),
  }),
  inspect: (look, args) => look.host.ask(fileAt(args.src, { content: true })),
  decide: (state, args) => {
    if (state.kind === 'absent') return { kind: 'fail', message: `"${args.src}" does not exist` }
    if (state.kind !== 'file') return { kind: 'fail', message: `"${args.src}" is no regular file` }
    if (state.content === undefined)
      return { kind: 'fail', message: `"${args.src}" cannot be read`, hint: 'Use become: true' }
    const content = state.content.toString('base64')
    return {
      kind: 'keep',
      reason: `${state.content.length} bytes of "${args.src}"`,
      result: { content, encoding: 'base64', source: args.src },
    }
  },
})
