import { TaskError } from '../errors.ts'
import type { Secret } from '../secrets/secret.ts'
import { bool, filledText, int, path, secret } from './argument-types.ts'
import type { Look } from './module.ts'
import { ownAuthorityArguments, type OwnAuthorityArguments } from './pki-files.ts'
import { lookVariables } from './task-variables.ts'

/** Arguments with which a node's transport TLS is named, the same in every module. */
export const transportArguments = {
  dir: path().optional().describe('Folder of the PKI store on the controller. Default: pki_dir.'),
  ca: filledText().default('transport-ca').describe('Name of the CA in the store, where none of your own is given'),
  ...ownAuthorityArguments,
  path_conf: path().optional().describe('Folder of elasticsearch.yml. Default: what elasticsearch_facts found.'),
  keystore_password: secret()
    .optional()
    .describe('Password of a protected Elasticsearch keystore. Default: the variable elasticsearch_keystore_password.'),
  host: filledText()
    .optional()
    .describe('Where its transport answers, as its own host reaches it. Default: what elasticsearch_facts found.'),
  port: int().optional().describe('Port of its transport. Default: what elasticsearch_facts found.'),
  rotate: bool().default(false).describe('Whether the nodes are to go over to the CA from another one'),
}

export interface TransportArguments extends OwnAuthorityArguments {
  readonly dir?: string | undefined
  readonly ca: string
  readonly path_conf?: string | undefined
  readonly keystore_password?: Secret | undefined
  readonly host?: string | undefined
  readonly port?: number | undefined
  readonly rotate: boolean
}

/** The arguments completed by the task's variables. */
export interface TransportWords extends OwnAuthorityArguments {
  readonly dir: string | undefined
  readonly ca: string
  readonly pathConf: string
  readonly keystorePassword: Secret | undefined
  readonly host: string
  readonly port: number
  readonly rotate: boolean
}

export function transportWords(look: Pick<Look, 'render'>, args: TransportArguments): TransportWords {
  const variables = lookVariables(look)
  const inventory = variables.text('inventory_dir')
  const pathConf = args.path_conf ?? variables.text('elasticsearch_path_conf')
  if (pathConf === undefined) throw new TaskError('path_conf is not given', { hint: 'Run elasticsearch_facts before' })
  return {
    dir: args.dir ?? variables.text('pki_dir') ?? (inventory === undefined ? undefined : `${inventory}/pki`),
    ca: args.ca,
    own_ca_path: args.own_ca_path ?? variables.text('transport_ca_path'),
    own_ca_key_path: args.own_ca_key_path ?? variables.text('transport_ca_key_path'),
    own_ca_password: args.own_ca_password ?? variables.secret('transport_ca_password'),
    pathConf,
    keystorePassword: args.keystore_password ?? variables.secret('elasticsearch_keystore_password'),
    host: args.host ?? variables.text('elasticsearch_transport_host') ?? '127.0.0.1',
    port: args.port ?? variables.number('elasticsearch_transport_port') ?? 9300,
    rotate: args.rotate,
  }
}
