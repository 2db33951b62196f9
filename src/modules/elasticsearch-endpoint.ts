import { isAbsolute } from 'node:path'
import type { Endpoint, Scheme } from '../elastic/client.ts'
import { TaskError } from '../errors.ts'
import { elasticsearchProcess } from '../facts/elasticsearch.ts'
import { fileAt } from '../facts/file.ts'
import type { Secret } from '../secrets/secret.ts'
import { filledText, int, secret, text } from './argument-types.ts'
import type { Look } from './module.ts'
import type { TaskVariables } from './task-variables.ts'

/** Arguments with which a node's http is named, the same in every module. */
export const endpointArguments = {
  host: filledText()
    .optional()
    .meta({ aliases: ['http_host'] })
    .describe('Where the node answers, as its own host reaches it. Default: what elasticsearch_facts found.'),
  port: int()
    .optional()
    .meta({ aliases: ['http_port'] })
    .describe('Port of its http. Default: what elasticsearch_facts found.'),
  user: filledText().optional().describe('Who asks. Default: the variable elastic_user, else elastic.'),
  password: secret().optional().describe('Default: the variable elastic_password.'),
  ca: text()
    .optional()
    .describe('Authorities to trust: a path on the controller, or PEM text. Default: elasticsearch-ca.pem in pki_dir.'),
}

export interface EndpointArguments {
  readonly host?: string | undefined
  readonly port?: number | undefined
  readonly user?: string | undefined
  readonly password?: Secret | undefined
  readonly ca?: string | undefined
}

/** How to ask a node, before its scheme is known. */
export interface NodeEndpoint extends Omit<Endpoint, 'scheme' | 'ca'> {
  /** A path on the controller, or PEM text; undefined: there is no store to take it from. */
  readonly caSource: string | undefined
  /** The user named the authorities: nothing else will do. */
  readonly isCaGiven: boolean
  /** The installation's folder, where known. */
  readonly home: string | undefined
}

/** The arguments completed by the task's variables. */
export function nodeEndpoint(args: EndpointArguments, variables: TaskVariables): NodeEndpoint {
  const user = args.user ?? variables.text('elastic_user') ?? 'elastic'
  const password = args.password ?? variables.secret('elastic_password')
  const pkiDir = variables.text('pki_dir') ?? inventoryStore(variables)
  return {
    host: args.host ?? variables.text('elasticsearch_http_host') ?? '127.0.0.1',
    port: args.port ?? variables.number('elasticsearch_http_port') ?? 9200,
    credentials: password === undefined ? undefined : { user, password },
    caSource: args.ca ?? (pkiDir === undefined ? undefined : `${pkiDir}/elasticsearch-ca.pem`),
    isCaGiven: args.ca !== undefined,
    home: variables.text('elasticsearch_home'),
    timeoutMs: 15_000,
  }
}

/** The endpoint with its scheme and, for https, the authorities' text. */
export async function withScheme(look: Look, endpoint: NodeEndpoint, scheme: Scheme): Promise<Endpoint> {
  return { ...endpoint, scheme, ca: scheme === 'https' ? await authorities(look, endpoint) : undefined }
}

/** PEM of the authorities, from the controller. Throws a TaskError when they were named and are not there. */
export async function authorities(
  look: Look,
  { caSource, isCaGiven }: Pick<NodeEndpoint, 'caSource' | 'isCaGiven'>,
): Promise<string | undefined> {
  if (caSource === undefined) return undefined
  if (caSource.includes('-----BEGIN')) return caSource
  const path = isAbsolute(caSource) ? caSource : look.findSource(caSource, 'files')
  const file = await look.controller.ask(fileAt(path, { content: true }))
  if (file.kind === 'file' && file.content !== undefined) return file.content.toString('utf8')
  if (!isCaGiven) return undefined
  throw new TaskError(`Cannot read the authorities in "${path}" on this machine`, { hint: 'Check the argument ca' })
}

/** A node that has run this long has all its users: what it refuses now it will refuse later. */
const settledAfterSeconds = 60

/** Whether 401 of this node can still turn into 200 by waiting: it does for seconds after a start. */
export async function isFreshlyStarted(look: Look, { home }: Pick<NodeEndpoint, 'home'>): Promise<boolean> {
  if (home === undefined) return true
  const [process] = await look.host.ask(elasticsearchProcess(home))
  return process === undefined || look.clock.now().getTime() / 1000 - process.startedAt < settledAfterSeconds
}

function inventoryStore(variables: TaskVariables): string | undefined {
  const folder = variables.text('inventory_dir')
  return folder === undefined ? undefined : `${folder}/pki`
}
