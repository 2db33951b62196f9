import * as z from 'zod'
import { lastReload } from '../elastic/renewal-log.ts'
import { logSinceFile } from '../facts/elasticsearch-log.ts'
import { filledText, int, path, text } from './argument-types.ts'
import { endpointArguments, nodeEndpoint } from './elasticsearch-endpoint.ts'
import { defineModule, type Look } from './module.ts'
import { probeServed } from './served-certificate.ts'
import { contextVariables } from './task-variables.ts'

export const reloadedCertificate = defineModule({
  name: 'reloaded_certificate',
  aliases: ['elkseal.elastic.reloaded_certificate'],
  summary:
    'Waits until a running Elasticsearch has read a new certificate file by itself: a fresh handshake shows it, and it verifies. If it does not, the cause is looked for in its log.',
  examples: `
- name: The running node serves the new certificate
  reloaded_certificate:
    path: '{{ elasticsearch_path_conf }}/http.p12'
    serial: '{{ http_certificate.serial }}'
    ca: '{{ pki_dir }}/elasticsearch-ca.pem'
`,
  args: z.strictObject({
    path: path().describe('The file on the host that Elasticsearch watches.'),
    serial: filledText().describe('Serial number of the certificate in it, in hex.'),
    host: endpointArguments.host,
    port: endpointArguments.port,
    ca: endpointArguments.ca,
    log_file: path().optional().describe("The node's log. Default: what elasticsearch_facts found."),
    servername: text().optional().describe('The name to verify, and to ask for. Default: host.'),
    timeout: int()
      .default(15)
      .describe('Seconds to wait. Elasticsearch looks every 5 seconds; 5.4 was the longest seen.'),
  }),
  inspect: async () => undefined,
  decide: (_, args, context) => {
    const variables = contextVariables(context)
    const endpoint = nodeEndpoint(args, variables)
    const wanted = { serial: args.serial, fingerprint: undefined, servername: args.servername }
    const logFile = args.log_file ?? variables.text('elasticsearch_log_file')
    return {
      kind: 'wait',
      what: `"${context.host}" to serve the certificate of "${args.path}"`,
      timeoutMs: args.timeout * 1000,
      intervalMs: 500,
      probe: (look) => probeServed(look, endpoint, wanted),
      explain: (look) => explainReload(look, args.path, logFile),
    }
  },
})

/** Why a running node did not take a new file, from its log. */
export async function explainReload(
  look: Look,
  file: string,
  logFile: string | undefined,
): Promise<{ readonly message: string; readonly hint: string }> {
  const unknown = {
    message: 'it goes on with the old one, and its log does not say why',
    hint: 'A node with resource.reload.enabled: false reads its files at a start only: restart it',
  }
  if (logFile === undefined) return unknown
  const { log, writtenAt } = await look.host.ask(logSinceFile(logFile, file))
  const trace = lastReload(log, file, writtenAt)
  if (trace === undefined) return unknown
  if (trace.kind === 'reloaded') {
    const message = `it has read the file at ${trace.at}, but does not serve it as expected`
    return {
      message,
      hint: 'Another file or another program may be behind this port: elkseal certs shows what is served',
    }
  }
  return {
    message: `it could not read the file, and goes on with the old certificate: ${trace.cause}`,
    hint: `The file as it is now would not let Elasticsearch start again. Log: ${logFile}, ${trace.at}`,
  }
}
