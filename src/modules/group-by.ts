import * as z from 'zod'
import { filledText, textList } from './argument-types.ts'
import { defineModule } from './module.ts'

export const groupBy = defineModule({
  name: 'group_by',
  aliases: ['ansible.builtin.group_by'],
  summary: 'Puts the host into a group for the rest of the run',
  examples: `- group_by:
    key: os_{{ ansible_facts.distribution }}
`,
  args: z.strictObject({
    key: filledText().describe('Name of the group; blanks become -'),
    parents: textList()
      .optional()
      .refine((parents) => parents === undefined || (parents.length === 1 && parents[0] === 'all'), {
        message: 'must be "all" (others are not supported)',
      })
      .describe('Parents of the group; only "all" is supported'),
  }),
  inspect: async () => undefined,
  decide: (_, args) => {
    const group = args.key.replaceAll(' ', '-')
    return { kind: 'keep', reason: `in group "${group}"`, groups: [group], result: { add_group: group } }
  },
})
