import type { VariableOfGroup } from './variable.ts'

export const elasticsearch: readonly VariableOfGroup[] = [
  {
    name: 'elastic_password',
    default: undefined,
    secret: true,
    meaning: 'Password of `elastic_user`. Used to look at the cluster and to verify; never written to a host.',
  },
  { name: 'elastic_user', default: 'elastic', meaning: 'Who asks the cluster. Needs the cluster privilege `monitor`.' },
  {
    name: 'elasticsearch_home',
    default: 'found: the unit, the running process, else /usr/share/elasticsearch',
    meaning: 'Installation folder. Give it for an archive (tar.gz) that does not run yet.',
  },
  {
    name: 'elasticsearch_path_conf',
    default: 'found: ES_PATH_CONF, else HOME/config',
    meaning: 'Folder of elasticsearch.yml; http.p12 is placed there.',
  },
  {
    name: 'elasticsearch_service',
    default: 'found: elasticsearch, where there is such a unit',
    meaning: 'The systemd unit. Empty for an archive without one.',
  },
  {
    name: 'elasticsearch_user',
    default: 'found: the unit or the process',
    meaning: 'Account that Elasticsearch runs as.',
  },
  {
    name: 'elasticsearch_group',
    default: 'found: the unit or the account',
    meaning: 'Group that may read http.p12.',
  },
  {
    name: 'elasticsearch_http_host',
    default: 'found: elasticsearch.yml',
    meaning: 'Address of its http as its own host reaches it. It becomes a name of its certificate.',
  },
  {
    name: 'elasticsearch_transport_host',
    default: 'found: elasticsearch.yml',
    meaning:
      'Address of its transport as its own host reaches it, where elasticsearch.yml names an interface such as `_site_`.',
  },
  {
    name: 'elasticsearch_transport_port',
    default: 'found: elasticsearch.yml, else 9300',
    meaning: 'Port of its transport.',
  },
  { name: 'elasticsearch_http_port', default: 'found: elasticsearch.yml, else 9200', meaning: 'Port of its http.' },
  {
    name: 'elasticsearch_keystore_password',
    default: 'none',
    secret: true,
    meaning: 'Password of the Elasticsearch keystore, where it has one.',
  },
]

export const kibana: readonly VariableOfGroup[] = [
  { name: 'kibana_home', default: 'found: the unit, else /usr/share/kibana', meaning: 'Installation folder.' },
  {
    name: 'kibana_path_conf',
    default: 'found: the unit, /etc/kibana, else HOME/config',
    meaning: 'Folder of kibana.yml; the CA is placed there.',
  },
  { name: 'kibana_service', default: 'kibana', meaning: 'The systemd unit.' },
  { name: 'kibana_user', default: 'found: the unit', meaning: 'Account that Kibana runs as.' },
  { name: 'kibana_group', default: 'found: the unit', meaning: 'Group that may read the CA and the keystore.' },
  { name: 'kibana_port', default: 'found: server.port, else 5601', meaning: 'Port that Kibana serves.' },
  {
    name: 'kibana_elasticsearch_hosts',
    default: 'found: the addresses it has now, by https',
    meaning: 'Addresses of Elasticsearch for Kibana, with https://.',
  },
  {
    name: 'kibana_keystore_password',
    default: 'none',
    secret: true,
    meaning: 'Password of the Kibana keystore, where it has one.',
  },
  {
    name: 'kibana_keystore_settings',
    default: '{}',
    secret: true,
    meaning: 'Settings to keep in the Kibana keystore, such as elasticsearch.password. They win over kibana.yml.',
  },
  {
    name: 'kibana_server_certificate',
    default: 'false',
    meaning:
      '`true`: renew.yml renews the certificate with which Kibana itself serves https, where that is of the authority in ' +
      'pki_dir.',
  },
  {
    name: 'kibana_names',
    default: '[]',
    meaning:
      "More host names of Kibana in that certificate. Those that it has stay; the host's names, server.host and that of " +
      'server.publicBaseUrl are there anyway.',
  },
  { name: 'kibana_addresses', default: '[]', meaning: 'More IP addresses of Kibana in that certificate.' },
]

export const metricbeat: readonly VariableOfGroup[] = [
  { name: 'metricbeat_home', default: 'found: the unit, else /usr/share/metricbeat', meaning: 'Installation folder.' },
  {
    name: 'metricbeat_path_conf',
    default: 'found: the unit, /etc/metricbeat, else HOME',
    meaning: 'Folder of metricbeat.yml; the CA is placed there.',
  },
  {
    name: 'metricbeat_path_data',
    default: 'found: the unit, /var/lib/metricbeat, else HOME/data',
    meaning: 'Folder of its keystore and of its id.',
  },
  { name: 'metricbeat_service', default: 'metricbeat', meaning: 'The systemd unit.' },
  {
    name: 'metricbeat_elasticsearch_hosts',
    default: 'found: the addresses it has now, by https',
    meaning: "Addresses of Elasticsearch for Metricbeat's output, with https://.",
  },
  {
    name: 'metricbeat_keystore_settings',
    default: '{}',
    secret: true,
    meaning: 'Names and values for the Metricbeat keystore, for `${NAME}` in its settings.',
  },
  { name: 'metricbeat_index', default: 'metricbeat-*', meaning: 'Where its documents are looked for.' },
]
