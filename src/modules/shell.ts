import * as z from 'zod'
import { quote } from '../connection/quote.ts'
import { filledText, path } from './argument-types.ts'
import { commandArguments, decideCommand, inspectCommand } from './command.ts'
import { defineModule } from './module.ts'

export const shell = defineModule({
  name: 'shell',
  aliases: ['ansible.builtin.shell', 'ansible.legacy.shell'],
  summary: 'Runs a command line in a shell, with pipes, redirections and variables',
  examples: `- name: Lines of a log
  shell: grep -c ERROR /var/log/elasticsearch/*.log || true
  register: errors
  changed_when: false
`,
  freeForm: 'cmd',
  neverConverges: true,
  mayChangeAnything: true,
  args: z.strictObject({
    cmd: filledText().describe('The command line'),
    ...commandArguments,
    executable: path().default('/bin/sh').describe('The shell that runs the line'),
  }),
  inspect: (look, args) => inspectCommand(look, args),
  decide: (state, args) =>
    decideCommand(state, args, {
      script: `exec ${quote(args.executable)} -c ${quote(args.cmd)}`,
      cmd: args.cmd,
      line: args.cmd,
    }),
})
