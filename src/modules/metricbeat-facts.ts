import * as z from 'zod'
import { metricbeatSettings, type MetricbeatSettings } from '../elastic/metricbeat-settings.ts'
import { TaskError } from '../errors.ts'
import { metricbeatInstallation, type MetricbeatInstallation } from '../facts/metricbeat.ts'
import { filledText, path, textList } from './argument-types.ts'
import { defineModule } from './module.ts'

interface State {
  readonly installation: MetricbeatInstallation
  readonly settings: MetricbeatSettings
}

export const metricbeatFacts = defineModule({
  name: 'metricbeat_facts',
  aliases: ['elkseal.elastic.metricbeat_facts'],
  summary: 'Finds out where Metricbeat is installed and where it sends to, and refuses settings that contradict.',
  examples: `- name: Where Metricbeat is installed and where it sends to
  metricbeat_facts:
    path_conf: /etc/metricbeat
`,
  args: z.strictObject({
    home: path().optional().describe('Installation folder. Found out: the unit, else /usr/share/metricbeat.'),
    path_conf: path().optional().describe('Folder of metricbeat.yml. Found out: the unit, /etc/metricbeat, else HOME.'),
    path_data: path().optional().describe('Folder of the keystore. Found out: the unit, else as the package has it.'),
    service: filledText().default('metricbeat').describe('The systemd unit.'),
    elasticsearch_hosts: textList()
      .optional()
      .describe('Addresses of Elasticsearch to use. Found out: those Metricbeat has now, by https.'),
  }),
  inspect: async ({ host }, args): Promise<State> => {
    const installation = await host.ask(
      metricbeatInstallation({
        home: args.home,
        pathConf: args.path_conf,
        pathData: args.path_data,
        service: args.service,
      }),
    )
    const { pathConf, settingsText } = installation
    if (settingsText === undefined) {
      throw new TaskError(`There is no "${pathConf}/metricbeat.yml"`, {
        hint: 'Set metricbeat_path_conf to its folder',
      })
    }
    const settings = metricbeatSettings({
      text: settingsText,
      path: `${pathConf}/metricbeat.yml`,
      caPath: `${pathConf}/elasticsearch-ca.pem`,
      wantedHosts: args.elasticsearch_hosts,
    })
    return { installation, settings }
  },
  decide: ({ installation, settings }, args) => {
    const facts = {
      metricbeat_home: installation.home,
      metricbeat_path_conf: installation.pathConf,
      metricbeat_path_data: installation.pathData,
      metricbeat_service: args.service,
      metricbeat_command: installation.command,
      metricbeat_agent_id: installation.agentId ?? '',
      metricbeat_elasticsearch_hosts: settings.elasticsearchHosts,
      metricbeat_settings: settings.wanted,
      metricbeat_module_files: [...installation.moduleFiles]
        .filter(([, text]) => /^- module: *["']?elasticsearch["']?/m.test(text))
        .map(([file]) => file),
    }
    return {
      kind: 'keep',
      reason: `Metricbeat in ${installation.home}, settings in ${installation.pathConf}`,
      facts,
      result: facts,
    }
  },
})
