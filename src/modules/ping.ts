import * as z from 'zod'
import type { Question } from '../facts/question.ts'
import { text } from './argument-types.ts'
import { defineModule } from './module.ts'

const alive: Question<boolean> = { subjects: [], script: 'echo pong', parse: (output) => output.code === 0 }

export const ping = defineModule({
  name: 'ping',
  aliases: ['ansible.builtin.ping'],
  summary: 'Logs in and runs a word on the host',
  examples: '- ping:\n',
  args: z.strictObject({ data: text().default('pong').describe('What is returned') }),
  inspect: (look) => look.host.ask(alive),
  decide: (_, args) => ({ kind: 'keep', reason: args.data, result: { ping: args.data } }),
})
