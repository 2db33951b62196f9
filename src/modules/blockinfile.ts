import * as z from 'zod'
import { bool, choice, path, text } from './argument-types.ts'
import { putBlock } from './block-edit.ts'
import { editedFileArguments, editFile, lookAtEditedFile } from './edited-file.ts'
import type { FileLook } from './file-change.ts'
import { place } from './lineinfile.ts'
import { defineModule } from './module.ts'

const args = z.strictObject({
  path: path()
    .meta({ aliases: ['dest', 'destfile', 'name'] })
    .describe('File on the host'),
  block: text()
    .meta({ aliases: ['content'] })
    .default('')
    .describe('The lines; none removes the block'),
  state: choice('present', 'absent').default('present').describe('Whether the block is to be there'),
  marker: text()
    .default('# {mark} ANSIBLE MANAGED BLOCK')
    .describe('Line around the block; {mark} becomes BEGIN and END'),
  marker_begin: text().default('BEGIN').describe('What {mark} becomes before the block'),
  marker_end: text().default('END').describe('What {mark} becomes after the block'),
  insertafter: place('EOF').optional().describe('Expression of the line after which a new block goes, or EOF'),
  insertbefore: place('BOF').optional().describe('Expression of the line before which a new block goes, or BOF'),
  prepend_newline: bool().default(false).describe('An empty line before the block'),
  append_newline: bool().default(false).describe('An empty line after the block'),
  ...editedFileArguments,
})

export const blockinfile = defineModule<z.infer<typeof args>, FileLook>({
  name: 'blockinfile',
  aliases: ['ansible.builtin.blockinfile'],
  summary: 'Sees to it that a block of lines, between two marker lines, is in a text file',
  examples: `- blockinfile:
    path: /etc/hosts
    block: |
      10.0.0.1 es1
      10.0.0.2 es2
`,
  args: args
    .refine((given) => given.insertafter === undefined || given.insertbefore === undefined, {
      message: '"insertafter" and "insertbefore" exclude each other',
    })
    .refine((given) => given.marker.includes('{mark}'), {
      message: 'must contain {mark}, or the block is not found again',
      path: ['marker'],
    }),
  inspect: (look, given) => lookAtEditedFile(look, given),
  decide: (state, given) => {
    if (given.state === 'absent' && state.current.kind === 'absent') {
      return { kind: 'keep', reason: `"${given.path}" is not there` }
    }
    return editFile(state, given, (before) =>
      putBlock(before, {
        present: given.state === 'present',
        block: given.block,
        beginMarker: given.marker.replaceAll('{mark}', given.marker_begin),
        endMarker: given.marker.replaceAll('{mark}', given.marker_end),
        insertAfter: given.insertafter,
        insertBefore: given.insertbefore,
        prependNewline: given.prepend_newline,
        appendNewline: given.append_newline,
      }),
    )
  },
})
