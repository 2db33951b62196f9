import * as z from 'zod'
import { plainSerial, servedCertificate as shakeHands, type ServedCertificate } from '../elastic/served-certificate.ts'
import { HttpError } from '../facts/http.ts'
import { filledText, int, text } from './argument-types.ts'
import { authorities, endpointArguments, nodeEndpoint, type NodeEndpoint } from './elasticsearch-endpoint.ts'
import { defineModule, type Context, type Look, type Probe } from './module.ts'
import { contextVariables, variableOf } from './task-variables.ts'

export const servedCertificate = defineModule({
  name: 'served_certificate',
  aliases: ['elkseal.elastic.served_certificate'],
  summary: 'Waits until a fresh TLS handshake shows the expected certificate, and it verifies for the address.',
  examples: `
- name: The node serves its new certificate
  served_certificate:
    port: 9200
    serial: '{{ http_certificate.serial }}'
    ca: '{{ pki_dir }}/elasticsearch-ca.pem'
`,
  args: z.strictObject({
    host: endpointArguments.host,
    port: endpointArguments.port,
    ca: endpointArguments.ca,
    servername: filledText().optional().describe('The name to verify, and to ask for. Default: host.'),
    serial: text()
      .optional()
      .describe('Serial number of the expected certificate, in hex. Default: http_certificate.serial.'),
    fingerprint: text().optional().describe('SHA-256 of the expected certificate, in hex, with or without colons.'),
    timeout: int().default(60).describe('Seconds to wait. A hot reload was seen within 6 seconds.'),
  }),
  inspect: async () => undefined,
  decide: (_, args, context) => {
    const endpoint = nodeEndpoint(args, contextVariables(context))
    const wanted = {
      serial: args.serial ?? registeredSerial(context),
      fingerprint: args.fingerprint,
      servername: args.servername,
    }
    const name = wanted.serial ?? wanted.fingerprint
    return {
      kind: 'wait',
      what: `"${context.host}" to serve ${name === undefined ? 'a certificate that verifies' : `certificate ${shortened(name)}`}`,
      timeoutMs: args.timeout * 1000,
      intervalMs: 1000,
      probe: (look) => probeServed(look, endpoint, wanted),
    }
  },
})

export interface ExpectedCertificate {
  readonly serial: string | undefined
  readonly fingerprint: string | undefined
}

/** Shakes hands once; done when the certificate is the expected one and verifies. */
export async function probeServed(
  look: Look,
  endpoint: NodeEndpoint,
  wanted: ExpectedCertificate & { readonly servername: string | undefined },
): Promise<Probe> {
  const ca = await authorities(look, endpoint)
  try {
    const { host, port } = endpoint
    const served = await shakeHands(look.host, { host, port, ca, servername: wanted.servername })
    const wrong = mismatch(served, wanted)
    if (wrong !== undefined) return { done: false, found: wrong }
    if (served.rejected !== undefined) return { done: false, found: `certificate ${served.serial}: ${served.rejected}` }
    return {
      done: true,
      reason: `serves ${served.serial}, valid until ${served.notAfter.toISOString().slice(0, 10)}`,
      result: { ...served, not_after: served.notAfter.toISOString(), notAfter: undefined },
    }
  } catch (thrown) {
    if (!(thrown instanceof HttpError)) throw thrown
    return { done: false, found: thrown.message }
  }
}

/** How a served certificate differs from the expected one; undefined when it is the one. */
export function mismatch(served: ServedCertificate, wanted: ExpectedCertificate): string | undefined {
  if (wanted.serial !== undefined && plainSerial(wanted.serial) !== served.serial) {
    return `certificate ${served.serial} is served`
  }
  const fingerprint = wanted.fingerprint?.replaceAll(':', '').toLowerCase()
  if (fingerprint !== undefined && fingerprint !== served.fingerprint) return `certificate ${served.serial} is served`
  return undefined
}

/** What the task `certificate` registered, as the shipped playbooks call it. */
export function registeredSerial(context: Context): string | undefined {
  const value = variableOf(context, 'http_certificate')
  if (typeof value !== 'object' || value === null || !('serial' in value)) return undefined
  return typeof value.serial === 'string' ? value.serial : undefined
}

function shortened(text: string): string {
  return text.length > 16 ? `${text.slice(0, 16)}…` : text
}
