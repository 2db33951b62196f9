import * as z from 'zod'
import { uncoveredHosts } from '../elastic/covered-names.ts'
import { filledText, textList } from './argument-types.ts'
import { defineModule } from './module.ts'

export const coveredNames = defineModule({
  name: 'covered_names',
  aliases: ['elkseal.elastic.covered_names'],
  summary: 'Every name by which a client reaches Elasticsearch is in a certificate; else it would be cut off.',
  examples: `- name: Kibana reaches Elasticsearch by a name that is in a certificate
  covered_names:
    client: Kibana
    urls: [https://es1.example.com:9200]
    names: [es1.example.com, localhost]
`,
  args: z.strictObject({
    client: filledText().describe('Who the client is, for the message.'),
    urls: textList().describe('Where it reaches Elasticsearch.'),
    names: textList().describe('Names and addresses in the certificates. None: nothing was issued, nothing is said.'),
  }),
  inspect: async () => undefined,
  decide: (_, { client, urls, names }) => {
    if (names.length === 0) return { kind: 'keep', reason: 'no certificate was looked at in this run' }
    const uncovered = uncoveredHosts(urls, names)
    if (uncovered.length === 0) return { kind: 'keep', reason: `${client} uses names that are in the certificates` }
    const list = uncovered.map((host) => `"${host}"`).join(', ')
    return {
      kind: 'fail',
      message: `${client} reaches Elasticsearch as ${list}, which no certificate names`,
      hint: 'Add it to http_names or http_addresses of the nodes, or give the client other addresses',
    }
  },
})
