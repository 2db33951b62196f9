import * as z from 'zod'
import { openKibanaKeystore } from '../elastic/sealed-store.ts'
import { kibanaSettings, type KibanaSettings } from '../elastic/kibana-settings.ts'
import { TaskError } from '../errors.ts'
import { kibanaInstallation, type KibanaInstallation } from '../facts/kibana.ts'
import { filledText, int, path, secret, textList } from './argument-types.ts'
import { defineModule } from './module.ts'

interface State {
  readonly installation: KibanaInstallation
  readonly settings: KibanaSettings
}

export const kibanaFacts = defineModule({
  name: 'kibana_facts',
  aliases: ['elkseal.elastic.kibana_facts'],
  summary: 'Finds out where Kibana is installed and how it reaches Elasticsearch, and refuses what could not start.',
  examples: `- name: Where Kibana is installed and where it finds Elasticsearch
  kibana_facts:
    path_conf: /etc/kibana
`,
  args: z.strictObject({
    home: path().optional().describe('Installation folder. Found out: the unit, else /usr/share/kibana.'),
    path_conf: path().optional().describe('Folder of kibana.yml. Found out: the unit, /etc/kibana, else HOME/config.'),
    service: filledText().default('kibana').describe('The systemd unit.'),
    user: filledText().optional().describe('The account Kibana runs as. Found out from the unit.'),
    group: filledText().optional().describe('The group that may read its files. Found out from the unit.'),
    port: int().optional().describe('The port Kibana serves. Found out from server.port.'),
    elasticsearch_hosts: textList()
      .optional()
      .describe('Addresses of Elasticsearch to use. Found out: those Kibana has now, by https.'),
    keystore_password: secret().optional().describe('Password of a protected Kibana keystore.'),
  }),
  inspect: async ({ host }, args): Promise<State> => {
    const installation = await host.ask(
      kibanaInstallation({
        home: args.home,
        pathConf: args.path_conf,
        service: args.service,
        user: args.user,
        group: args.group,
      }),
    )
    const { keystore, keystorePath, pathConf, settingsText, version } = installation
    if (settingsText === undefined) {
      throw new TaskError(`There is no "${pathConf}/kibana.yml"`, { hint: 'Set kibana_path_conf to its folder' })
    }
    const settings = kibanaSettings({
      text: settingsText,
      path: `${pathConf}/kibana.yml`,
      version,
      keystore:
        keystore === undefined
          ? new Map()
          : openKibanaKeystore(keystore, keystorePath, args.keystore_password?.reveal() ?? ''),
      wantedHosts: args.elasticsearch_hosts,
      port: args.port,
    })
    return { installation, settings }
  },
  decide: ({ installation, settings }, args) => {
    const facts = {
      kibana_home: installation.home,
      kibana_path_conf: installation.pathConf,
      kibana_service: args.service,
      kibana_user: installation.user,
      kibana_group: installation.group,
      kibana_port: settings.port,
      kibana_url: settings.url,
      kibana_keystore_path: installation.keystorePath,
      kibana_elasticsearch_hosts: settings.elasticsearchHosts,
    }
    const version = installation.version === undefined ? '' : ` ${installation.version}`
    return {
      kind: 'keep',
      reason: `Kibana${version} in ${installation.home}, settings in ${installation.pathConf}`,
      facts,
      result: { version: installation.version, ...facts },
    }
  },
})
