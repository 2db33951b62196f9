import * as z from 'zod'
import { lastReload } from '../elastic/renewal-log.ts'
import type { TransportFiles } from '../elastic/transport-files.ts'
import { logSinceFile } from '../facts/elasticsearch-log.ts'
import { dayText, isAmong, serialNumber } from '../pki/certificate-fields.ts'
import type { Identity } from '../pki/issue.ts'
import { int, path } from './argument-types.ts'
import { defineModule, type Look, type Probe } from './module.ts'
import { explainReload } from './reloaded-certificate.ts'
import { contextVariables } from './task-variables.ts'
import { transportArguments, transportWords, type TransportWords } from './transport-arguments.ts'
import { probeIdentity, probeTransport } from './transport-probe.ts'
import { transportFiles } from './transport-stores.ts'

const args = z.strictObject({
  ...transportArguments,
  path: path().describe('The file that was changed, and that Elasticsearch watches'),
  logged: path()
    .optional()
    .describe(
      'A file of which the log must also say that it was read: what is no longer trusted shows in no handshake',
    ),
  log_file: path().optional().describe("The node's log. Default: what elasticsearch_facts found."),
  timeout: int()
    .default(15)
    .describe('Seconds to wait. Elasticsearch looks every 5 seconds; 5.4 was the longest seen.'),
})

interface State {
  readonly files: TransportFiles
  readonly words: TransportWords
  readonly identity: Identity | undefined
}

export const reloadedTransport = defineModule<z.output<typeof args>, State>({
  name: 'reloaded_transport',
  aliases: ['elkseal.elastic.reloaded_transport'],
  summary:
    'Waits until a running Elasticsearch has read its transport files by itself: a fresh handshake shows the certificate of the file, and the node takes one from us: its own or, with rotate, one of the CA in hand. If it does not, the cause is looked for in its log.',
  examples: `
- name: The running node uses it
  reloaded_transport:
    path: '{{ transport_certificate.path }}'
`,
  args,
  async inspect(look, given) {
    const words = transportWords(look, given)
    const files = await transportFiles(look, words)
    return { files, words, identity: given.rotate ? await probeIdentity(look, words, files) : undefined }
  },
  decide: (state, given, context) => {
    const logFile = given.log_file ?? contextVariables(context).text('elasticsearch_log_file')
    return {
      kind: 'wait',
      what: `"${context.host}" to use "${given.path}"`,
      timeoutMs: given.timeout * 1000,
      intervalMs: 500,
      probe: async (look) => {
        const probe = await probeOnce(look, state)
        if (!probe.done || given.logged === undefined) return probe
        return (await isLogged(look, given.logged, logFile))
          ? probe
          : { done: false, found: `its log does not say yet that it has read "${given.logged}"` }
      },
      explain: (look) => explainReload(look, given.path, logFile),
    }
  },
})

async function probeOnce(look: Look, { files, words, identity }: State): Promise<Probe> {
  if (files.kind !== 'open') return { done: false, found: 'its files cannot be opened', final: true }
  const { certificate, rejected, refused } = await probeTransport(look, files, words, identity)
  if (certificate === undefined) return { done: false, found: rejected ?? 'it shows no certificate' }
  const serial = serialNumber(certificate)
  if (!isAmong(certificate, [files.key.certificate])) return { done: false, found: `certificate ${serial} is served` }
  if (rejected !== undefined) return { done: false, found: `certificate ${serial}: ${rejected}` }
  if (refused !== undefined) return { done: false, found: `it does not take a certificate of the CA: ${refused}` }
  return {
    done: true,
    reason: `serves ${serial}, valid until ${dayText(certificate.validToDate)}, and takes certificates of its CA`,
    result: { serial, not_after: certificate.validToDate.toISOString() },
  }
}

async function isLogged(look: Look, file: string, logFile: string | undefined): Promise<boolean> {
  if (logFile === undefined) return false
  const { log, writtenAt } = await look.host.ask(logSinceFile(logFile, file))
  return lastReload(log, file, writtenAt)?.kind === 'reloaded'
}
