import * as z from 'zod'
import { nodeSettings } from '../elastic/node-settings.ts'
import { planHttpTls } from '../elastic/tls-settings.ts'
import { elasticsearchInstallation, type ElasticsearchInstallation } from '../facts/elasticsearch.ts'
import { readSettings } from '../yaml-settings/read-settings.ts'
import { filledText, int, path, text } from './argument-types.ts'
import { defineModule } from './module.ts'
import { problemsFail } from './yaml-settings.ts'

export const elasticsearchFacts = defineModule({
  name: 'elasticsearch_facts',
  aliases: ['elkseal.elastic.elasticsearch_facts'],
  summary:
    'Finds out where Elasticsearch is installed, how it runs and how it is set, and refuses what could not start.',
  examples: `
- name: Where Elasticsearch is installed and what its settings are
  elasticsearch_facts:
    home: /opt/elasticsearch
`,
  args: z.strictObject({
    home: path()
      .optional()
      .describe('Installation folder. Found out: the unit, the running process, /usr/share/elasticsearch.'),
    path_conf: path()
      .optional()
      .describe('Folder of elasticsearch.yml. Found out: ES_PATH_CONF of the unit or the process, else HOME/config.'),
    service: text()
      .optional()
      .describe('The systemd unit; empty for an archive installation. Found out: elasticsearch, if there is one.'),
    user: filledText()
      .optional()
      .describe('The account Elasticsearch runs as. Found out from the unit or the process.'),
    group: filledText()
      .optional()
      .describe('The group that may read its files. Found out from the unit or the account.'),
    http_host: filledText()
      .optional()
      .describe('Address of its http as its own host reaches it. Found out from elasticsearch.yml.'),
    http_port: int().optional().describe('Port of its http. Found out from elasticsearch.yml, else 9200.'),
    transport_host: filledText()
      .optional()
      .describe('Address of its transport as its own host reaches it. Found out from elasticsearch.yml.'),
    transport_port: int().optional().describe('Port of its transport. Found out from elasticsearch.yml, else 9300.'),
    http_keystore: filledText().default('http.p12').describe('The PKCS#12 file that http TLS is to use.'),
  }),
  inspect: ({ host }, args): Promise<ElasticsearchInstallation> =>
    host.ask(elasticsearchInstallation({ home: args.home, pathConf: args.path_conf, service: args.service })),
  decide: (found, args, context) => {
    const file = `${context.host}:${found.pathConf}/elasticsearch.yml`
    if (found.settingsText === undefined) {
      return {
        kind: 'fail',
        message: `There is no "${found.pathConf}/elasticsearch.yml"`,
        hint: 'Set elasticsearch_path_conf to its folder',
      }
    }
    const { settings, problems } = readSettings(found.settingsText, file)
    const plan = planHttpTls(settings, args.http_keystore)
    if (problems.length > 0 || plan.problems.length > 0) return problemsFail([...problems, ...plan.problems])
    const node = nodeSettings(settings, found)
    const facts = {
      elasticsearch_home: found.home,
      elasticsearch_path_conf: found.pathConf,
      elasticsearch_kind: found.kind,
      elasticsearch_service: args.service ?? found.service ?? '',
      elasticsearch_user: args.user ?? found.user,
      elasticsearch_group: args.group ?? found.group,
      elasticsearch_config_owner: found.configOwner,
      elasticsearch_config_group: found.configGroup,
      elasticsearch_version: found.version ?? '',
      elasticsearch_node_name: node.nodeName,
      elasticsearch_cluster_name: node.clusterName,
      elasticsearch_http_host: args.http_host ?? node.httpHost,
      elasticsearch_http_port: args.http_port ?? node.httpPort,
      elasticsearch_http_scheme: node.httpScheme,
      elasticsearch_running: found.pid !== undefined,
      elasticsearch_transport_host: args.transport_host ?? node.transportHost,
      elasticsearch_transport_port: args.transport_port ?? node.transportPort,
      elasticsearch_log_folder: node.logFolder,
      elasticsearch_log_file: node.logFile,
    }
    const running = found.pid === undefined ? 'not running' : `process ${found.pid}`
    return {
      kind: 'keep',
      reason: `Elasticsearch ${found.version ?? ''} (${found.kind}) in ${found.home}, settings in ${found.pathConf}, ${running}`,
      facts,
      result: { ...facts, pid: found.pid ?? 0, warnings: plan.warnings },
    }
  },
})
