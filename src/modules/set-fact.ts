import * as z from 'zod'
import { defineModule } from './module.ts'

export const setFact = defineModule({
  name: 'set_fact',
  aliases: ['ansible.builtin.set_fact'],
  summary: 'Sets variables of the host for the rest of the run',
  examples: `- set_fact:
    http_url: https://{{ inventory_hostname }}:9200
`,
  anyArguments: true,
  args: z
    .record(z.string(), z.unknown())
    .refine((facts) => Object.keys(facts).length > 0, { message: 'at least one variable is needed' })
    .refine((facts) => !('cacheable' in facts), { message: '"cacheable" is not supported: there is no fact cache' })
    .refine((facts) => Object.keys(facts).every((name) => /^[A-Za-z_]\w*$/.test(name)), {
      message: 'variable names are letters, digits and _',
    }),
  inspect: async () => undefined,
  decide: (_, facts) => ({
    kind: 'keep',
    reason: `set ${Object.keys(facts).join(', ')}`,
    facts,
    result: { ansible_facts: facts },
  }),
})
