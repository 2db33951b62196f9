/** One variable of the shipped playbooks; docs/variables.md is made of these. */
export interface Variable {
  readonly name: string
  readonly group: 'Elasticsearch' | 'Certificates' | 'Transport certificates' | 'Kibana' | 'Metricbeat' | 'Run'
  /** In words or as YAML; undefined: must be given. */
  readonly default: string | undefined
  readonly meaning: string
  /** Best kept vault-encrypted. */
  readonly secret?: boolean
}

const elasticsearch: readonly Omit<Variable, 'group'>[] = [
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

const certificates: readonly Omit<Variable, 'group'>[] = [
  {
    name: 'pki_dir',
    default: '{{ inventory_dir }}/pki',
    meaning:
      'Where certificates are kept on this machine. Safe to commit: keys and passwords in it are vault-encrypted.',
  },
  {
    name: 'http_names',
    default: '[]',
    meaning:
      'More host names under which clients reach a node, such as that of a load balancer. Its name in the inventory, ' +
      'ansible_host, node.name and localhost are there anyway.',
  },
  { name: 'http_addresses', default: '[]', meaning: 'More IP addresses under which clients reach a node.' },
  { name: 'http_certificate_days', default: '365', meaning: "How long a node's new certificate is valid." },
  {
    name: 'http_renew_before_days',
    default: 'none: when a third of its lifetime is left',
    meaning: 'Days before its end when a certificate is renewed.',
  },
  {
    name: 'http_renew_before',
    default: 'none',
    meaning: 'A day such as `2027-03-01`: certificates that end before it are renewed now.',
  },
  {
    name: 'http_p12_password',
    default: 'made here and kept in pki_dir',
    secret: true,
    meaning: 'Password of every http.p12.',
  },
  {
    name: 'http_ca_path',
    default: 'none: an authority is made here',
    meaning: 'Your own authority, on this machine: elastic-stack-ca.p12, or its certificate as PEM.',
  },
  { name: 'http_ca_key_path', default: 'none', meaning: 'The key, where your own authority is PEM.' },
  {
    name: 'http_ca_password',
    default: 'none',
    secret: true,
    meaning: "Password of your own authority's p12 or key.",
  },
  { name: 'http_ca_days', default: '1825', meaning: 'How long an authority that is made here is valid.' },
  {
    name: 'http_ca_renew_before_days',
    default: 'none: when it would end before a new certificate of a node',
    meaning: 'Days before the end of the authority when rotate-ca.yml changes to another one.',
  },
]

const transport: readonly Omit<Variable, 'group'>[] = [
  {
    name: 'transport_ca_path',
    default: 'none: the one that rotate-transport-ca.yml made in pki_dir',
    meaning:
      'The authority of the certificates with which the nodes meet each other, on this machine: elastic-stack-ca.p12, ' +
      'or its certificate as PEM. Its private key is not copied.',
  },
  { name: 'transport_ca_key_path', default: 'none', meaning: 'The key, where that authority is PEM.' },
  { name: 'transport_ca_password', default: 'none', secret: true, meaning: "Password of that authority's p12 or key." },
  {
    name: 'transport_ca_days',
    default: '1825',
    meaning: 'How long an authority that rotate-transport-ca.yml makes is valid.',
  },
  {
    name: 'transport_certificate_days',
    default: '365',
    meaning: "How long a node's new transport certificate is valid, at most as long as its authority.",
  },
  {
    name: 'transport_renew_before_days',
    default: 'none: when a third of its lifetime is left',
    meaning: 'Days before its end when a transport certificate is renewed.',
  },
  {
    name: 'transport_renew_before',
    default: 'none',
    meaning: 'A day such as 2027-03-01: a transport certificate that ends before it is renewed now.',
  },
]

const kibana: readonly Omit<Variable, 'group'>[] = [
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

const metricbeat: readonly Omit<Variable, 'group'>[] = [
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

const run: readonly Omit<Variable, 'group'>[] = [
  {
    name: 'elkseal_lock_dir',
    default: 'none: /var/lib/elkseal/lock as root, ~/.elkseal/lock as another account',
    meaning: 'The lock on the host that keeps two runs apart. The same for all who work on a host.',
  },
  {
    name: 'elkseal_backup_dir',
    default: '/var/lib/elkseal/backup',
    meaning:
      'Where a host keeps what runs replace on it. The default is a folder of root: other accounts keep nothing, unless ' +
      'this names a folder that they may write.',
  },
  {
    name: 'elkseal_keep_runs',
    default: '10',
    meaning:
      'How many runs can be rolled back: a host keeps what that many replaced on it, this machine their journals.',
  },
  { name: 'elkseal_lock', default: 'true', meaning: '`false`: take no lock on this host.' },
  {
    name: 'restart',
    default: 'rolling',
    meaning:
      '`rolling` takes one node at a time. `full` stops every node that has to restart before the first starts again.',
  },
  {
    name: 'outage_allowed',
    default: 'false',
    meaning:
      '`true`: nodes may restart although the cluster does not answer meanwhile, as one does of one node or of one or two ' +
      'master-eligible ones.',
  },
  {
    name: 'shard_allocation',
    default: 'primaries',
    meaning:
      'While a node restarts only primary shards are allocated, which is put back afterwards; needs the cluster privilege ' +
      '`manage`. `leave` leaves it alone: a node that is back within a minute gets its replicas again all the same.',
  },
  {
    name: 'gate_timeout',
    default: '600',
    meaning: 'Seconds that a closed gate is waited for, after which the roll stops.',
  },
  {
    name: 'restart_nodes',
    default: 'all',
    meaning: 'For restart.yml: `outdated` restarts only nodes whose settings or keystore are newer than their process.',
  },
  { name: 'renew', default: 'due', meaning: 'For renew.yml: `force` renews every certificate now.' },
  {
    name: 'rotate',
    default: 'due',
    meaning: 'For rotate-ca.yml: `force` begins to change the authority now; one that is under way is carried on.',
  },
  {
    name: 'rotate_until',
    default: 'drop',
    meaning:
      'For rotate-ca.yml, the last phase that is done: `trust` stops when both authorities are trusted, `reissue` when ' +
      'all nodes serve certificates of the next one.',
  },
  {
    name: 'rotate_layers',
    default: 'http',
    meaning:
      'For rotate-ca.yml, whose authority is changed: `http`, `transport` (between the nodes) or `http,transport`.',
  },
]

/** Every variable that the shipped playbooks read, in the order of the documentation. */
export const variables: readonly Variable[] = [
  ...elasticsearch.map((variable) => ({ ...variable, group: 'Elasticsearch' as const })),
  ...certificates.map((variable) => ({ ...variable, group: 'Certificates' as const })),
  ...transport.map((variable) => ({ ...variable, group: 'Transport certificates' as const })),
  ...kibana.map((variable) => ({ ...variable, group: 'Kibana' as const })),
  ...metricbeat.map((variable) => ({ ...variable, group: 'Metricbeat' as const })),
  ...run.map((variable) => ({ ...variable, group: 'Run' as const })),
]

/** docs/variables.md. */
export function variablesPage(): string {
  const groups = [...new Set(variables.map((variable) => variable.group))]
  const sections = groups.map((group) => {
    const rows = variables
      .filter((variable) => variable.group === group)
      .map((one) => `| \`${one.name}\` | ${cell(one)} | ${one.meaning}${one.secret === true ? ' Secret.' : ''} |`)
    return `## ${group}\n\n| variable | default | meaning |\n| --- | --- | --- |\n${rows.join('\n')}\n`
  })
  return `# Variables\n\nWhat the playbooks read from the inventory, from \`-e\` and from the vault. Only \`elastic_password\` must be given;\n"found" means that the facts tell.\n\n${sections.join('\n')}`
}

function cell({ default: value }: Variable): string {
  if (value === undefined) return '**must be given**'
  return /^(found|none|made)/.test(value) ? value : `\`${value}\``
}
