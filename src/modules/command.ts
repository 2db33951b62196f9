import * as z from 'zod'
import { quote } from '../connection/quote.ts'
import { fileAt, type FileState } from '../facts/file.ts'
import { bool, converted, path, text, wordList } from './argument-types.ts'
import type { RunCommand } from './effect.ts'
import { brief, commandResult } from './module-text.ts'
import { defineModule, type Decision, type Look } from './module.ts'
import { Secret } from '../secrets/secret.ts'
import { splitWords } from './split-words.ts'

/** What command and shell have in common. */
export const commandArguments = {
  chdir: path().optional().describe('Folder to change into first'),
  creates: path().optional().describe('Path; if it exists, the command is not run'),
  removes: path().optional().describe('Path; if it does not exist, the command is not run'),
  stdin: converted('str', 'a string', (value): string | Secret | undefined =>
    typeof value === 'string' || value instanceof Secret
      ? value
      : typeof value === 'number'
        ? String(value)
        : undefined,
  )
    .optional()
    .describe('Text for the standard input: the place for a secret that the command needs'),
  stdin_add_newline: bool().default(true).describe('Ends the text of `stdin` with a line end'),
}

export interface CommandArguments {
  readonly chdir?: string | undefined
  readonly creates?: string | undefined
  readonly removes?: string | undefined
  readonly stdin?: string | Secret | undefined
  readonly stdin_add_newline: boolean
}

export interface CommandState {
  readonly creates: FileState | undefined
  readonly removes: FileState | undefined
}

export const command = defineModule({
  name: 'command',
  aliases: ['ansible.builtin.command', 'ansible.legacy.command'],
  summary: 'Runs a program with words as arguments; no shell reads the words',
  examples: `- name: Node certificates of the cluster
  command: /usr/share/elasticsearch/bin/elasticsearch-certutil --help
  register: help
  changed_when: false

- name: A command that has nothing to do a second time
  command:
    argv: [/usr/local/bin/prepare, --folder, /srv/elastic data]
    creates: /srv/elastic data/ready
`,
  freeForm: 'cmd',
  neverConverges: true,
  mayChangeAnything: true,
  args: z
    .strictObject({
      cmd: text().optional().describe('The command line, split into words as a shell splits them'),
      argv: wordList().optional().describe('The command as a list of words, instead of `cmd`'),
      ...commandArguments,
      expand_argument_vars: bool().default(true).describe('Replaces $NAME and ${NAME} in the words by the environment'),
    })
    .refine((args) => (args.cmd === undefined) !== (args.argv === undefined), {
      message: 'exactly one of "cmd" and "argv" is needed',
    }),
  inspect: (look, args) => inspectCommand(look, args),
  decide: (state, args): Decision => {
    const words = args.argv ?? splitWords(args.cmd ?? '')
    if (words.length === 0) return { kind: 'fail', message: 'No command given' }
    const word = args.expand_argument_vars ? quoteExpanding : quote
    const line = words.map(quote).join(' ')
    return decideCommand(state, args, { script: `exec ${words.map(word).join(' ')}`, cmd: words, line })
  },
})

export async function inspectCommand(look: Look, args: CommandArguments): Promise<CommandState> {
  const [creates, removes] = await Promise.all([
    args.creates === undefined ? undefined : look.host.ask(fileAt(args.creates)),
    args.removes === undefined ? undefined : look.host.ask(fileAt(args.removes)),
  ])
  return { creates, removes }
}

export function decideCommand(
  state: CommandState,
  args: CommandArguments,
  what: { readonly script: string; readonly cmd: unknown; readonly line: string },
): Decision {
  const reason = whySkipped(state, args)
  if (reason !== undefined) return { kind: 'keep', reason, result: commandResult({ rc: 0, stdout: reason }, what.cmd) }
  const chdir = args.chdir === undefined ? '' : `cd -- ${quote(args.chdir)} || exit\n`
  const effect: RunCommand = { kind: 'run-command', script: `${chdir}${what.script}`, stdin: stdinOf(args) }
  return {
    kind: 'change',
    change: { summary: `runs ${brief(what.line)}`, effects: [effect] },
    collect: ([result = {}]) => commandResult(result, what.cmd),
  }
}

function whySkipped(state: CommandState, { creates, removes }: CommandArguments): string | undefined {
  if (creates !== undefined && state.creates?.kind !== 'absent') return `skipped, since "${creates}" exists`
  if (removes !== undefined && state.removes?.kind === 'absent') return `skipped, since "${removes}" does not exist`
  return undefined
}

function stdinOf({ stdin, stdin_add_newline: newline }: CommandArguments): Buffer | Secret | undefined {
  if (stdin === undefined) return undefined
  const end = newline ? '\n' : ''
  return stdin instanceof Secret ? new Secret(stdin.reveal() + end) : Buffer.from(stdin + end)
}

/** A quoted word in which only `$NAME` and `${NAME}` live; a variable that is not set stays as it is written. */
function quoteExpanding(word: string): string {
  const parts = word.split(/(\$[A-Za-z_]\w*|\$\{[A-Za-z_]\w*\})/)
  return parts
    .map((part, index) => {
      if (index % 2 === 0) return part === '' && parts.length > 1 ? '' : quote(part)
      const name = part.replace(/[${}]/g, '')
      return `"\${${name}-\\${part}}"`
    })
    .join('')
}
