import * as z from 'zod'
import { bool, day, filledText, path, secret, textList } from './argument-types.ts'
import { endpointArguments } from './elasticsearch-endpoint.ts'
import { ownAuthorityArguments } from './pki-files.ts'
import { renewalArguments } from './renewal-arguments.ts'

export const statusArguments = z.strictObject({
  dir: path().describe('Folder of the PKI store on the controller'),
  ca: filledText().default('http-ca').describe('Name of the CA in the store'),
  node: filledText().describe('Folder of the node in the store'),
  known_as: textList().default([]).describe('As in certificate'),
  names: textList().default([]).describe('As in certificate'),
  addresses: textList().default([]).describe('As in certificate'),
  p12_password: secret().optional().describe('Password of the PKCS#12 store. Default: the one that the store holds'),
  renew_before_days: renewalArguments.renew_before_days,
  renew_before: day().optional().describe('As in certificate'),
  force: bool().default(false).describe('Due without any other reason'),
  ...ownAuthorityArguments,
  path_conf: path().describe('Folder of elasticsearch.yml on the host'),
  keystore: filledText().default('http.p12').describe('The PKCS#12 file in that folder that http TLS uses'),
  user: filledText().describe('The account that Elasticsearch runs as'),
  group: filledText().describe('Its group'),
  host: endpointArguments.host,
  port: endpointArguments.port,
})

/** What the playbooks tell of a node, for every part of a look at its certificate. */
export type StatusArguments = z.output<typeof statusArguments>
