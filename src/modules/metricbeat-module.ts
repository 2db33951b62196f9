import * as z from 'zod'
import { secureModuleFile } from '../elastic/metricbeat-settings.ts'
import { TaskError } from '../errors.ts'
import { fileAt, type FileState } from '../facts/file.ts'
import { path } from './argument-types.ts'
import { defineModule } from './module.ts'
import { maskedDiff } from './yaml-settings.ts'

export const metricbeatModule = defineModule({
  name: 'metricbeat_module',
  aliases: ['elkseal.elastic.metricbeat_module'],
  summary: 'https and the authority in a file of modules.d that asks Elasticsearch: a module inherits no ssl settings.',
  examples: `- name: The Elasticsearch module of Metricbeat asks by https
  metricbeat_module:
    path: /etc/metricbeat/modules.d/elasticsearch-xpack.yml
    ca: /etc/metricbeat/elasticsearch-ca.pem
`,
  args: z.strictObject({
    path: path().describe('The file of modules.d.'),
    ca: path().describe('The authority, as an absolute path: Beats look for a relative one in their working folder.'),
  }),
  inspect: async ({ host }, args): Promise<FileState> => host.ask(fileAt(args.path, { content: true })),
  decide: (file, args) => {
    if (file.kind !== 'file' || file.content === undefined)
      throw new TaskError(`There is no readable file "${args.path}"`)
    const before = file.content.toString()
    const after = secureModuleFile(before, args.path, args.ca)
    if (after === before) return { kind: 'keep', reason: 'asks by https and trusts the authority' }
    return {
      kind: 'change',
      change: {
        summary: `${args.path}: https and ${args.ca}`,
        diff: maskedDiff({ before, after, beforeHeader: args.path, afterHeader: args.path }),
        effects: [{ kind: 'write-file', path: args.path, content: Buffer.from(after) }],
      },
    }
  },
})
