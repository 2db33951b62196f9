import * as z from 'zod'
import { bool, choice, converted, path, text } from './argument-types.ts'
import { editedFileArguments, editFile, lookAtEditedFile } from './edited-file.ts'
import type { FileLook } from './file-change.ts'
import { dropLines, putLine } from './line-edit.ts'
import { defineModule, type Decision } from './module.ts'
import { pythonRegExp, regexp } from './python-regexp.ts'

const args = z.strictObject({
  path: path()
    .meta({ aliases: ['dest', 'destfile', 'name'] })
    .describe('File on the host'),
  line: text()
    .meta({ aliases: ['value'] })
    .optional()
    .describe('The line'),
  regexp: regexp()
    .meta({ aliases: ['regex'] })
    .optional()
    .describe('Python regular expression for the line that is replaced (the last that matches) or removed (all)'),
  search_string: text().optional().describe('Text in the line that is replaced or removed, instead of `regexp`'),
  state: choice('present', 'absent').default('present').describe('Whether the line is to be there'),
  insertafter: place('EOF', 'BOF').optional().describe('Expression of the line after which a new line goes, or EOF'),
  insertbefore: place('BOF').optional().describe('Expression of the line before which a new line goes, or BOF'),
  backrefs: bool().default(false).describe('`line` may hold \\1; nothing is added if `regexp` does not match'),
  firstmatch: bool().default(false).describe('Takes the first line that matches, not the last'),
  ...editedFileArguments,
})
type Args = z.infer<typeof args>

export const lineinfile = defineModule<Args, FileLook>({
  name: 'lineinfile',
  aliases: ['ansible.builtin.lineinfile'],
  summary: 'Sees to it that one line is in a text file, or is not',
  examples: `- lineinfile:
    path: /etc/default/elasticsearch
    regexp: ^#?ES_JAVA_OPTS=
    line: ES_JAVA_OPTS="-Xms1g -Xmx1g"
`,
  args: args
    .refine((given) => given.insertafter === undefined || given.insertbefore === undefined, {
      message: '"insertafter" and "insertbefore" exclude each other',
    })
    .refine((given) => given.regexp === undefined || given.search_string === undefined, {
      message: '"regexp" and "search_string" exclude each other',
    })
    .refine((given) => !given.backrefs || given.regexp !== undefined, {
      message: 'needs "regexp"',
      path: ['backrefs'],
    })
    .refine((given) => given.state === 'absent' || given.line !== undefined, {
      message: 'is required with state: present',
      path: ['line'],
    })
    .refine((given) => (given.line ?? given.regexp ?? given.search_string) !== undefined, {
      message: 'one of "line", "regexp" and "search_string" is needed',
    }),
  inspect: (look, given) => lookAtEditedFile(look, given),
  decide: (state, given): Decision => {
    if (given.state === 'absent') {
      if (state.current.kind === 'absent') return { kind: 'keep', reason: `"${given.path}" is not there` }
      const { line, regexp: pattern, search_string: searchString } = given
      let found = 0
      const decision = editFile(state, given, (before) => {
        const dropped = dropLines(before, { line, regexp: pattern, searchString })
        found = dropped.found
        return dropped.after
      })
      return { ...decision, result: { ...decision.result, found } }
    }
    return editFile(state, given, (before) =>
      putLine(before, {
        line: given.line ?? '',
        regexp: given.regexp,
        searchString: given.search_string,
        insertAfter: given.insertbefore === undefined ? (given.insertafter ?? 'EOF') : undefined,
        insertBefore: given.insertbefore,
        backrefs: given.backrefs,
        firstMatch: given.firstmatch,
      }),
    )
  },
})

/** One of the fixed words, or a regular expression. */
export function place<const Word extends string>(...words: readonly Word[]) {
  return converted<RegExp | Word>('str', `a regular expression or ${words.join(' or ')}`, (value) => {
    if (typeof value !== 'string') return undefined
    return words.find((word) => word === value) ?? pythonRegExp(value)
  })
}
