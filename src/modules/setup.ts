import * as z from 'zod'
import { systemFacts } from '../facts/system.ts'
import { defineModule } from './module.ts'

export const setup = defineModule({
  name: 'setup',
  aliases: ['ansible.builtin.setup', 'gather_facts', 'ansible.builtin.gather_facts', 'ansible.legacy.setup'],
  summary: 'Gathers facts about the host: system, addresses, account. gather_facts: true runs it',
  examples: '- setup:\n',
  args: z.strictObject({}),
  inspect: (look) => look.host.ask(systemFacts()),
  decide: (facts) => {
    const prefixed = Object.fromEntries(Object.entries(facts).map(([name, value]) => [`ansible_${name}`, value]))
    return {
      kind: 'keep',
      reason: `${String(facts['distribution'])} ${String(facts['distribution_version'])}, ${String(facts['architecture'])}`,
      facts: { ...prefixed, ansible_facts: facts },
      result: { ansible_facts: prefixed },
    }
  },
})
