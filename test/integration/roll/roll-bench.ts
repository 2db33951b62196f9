import { join } from 'node:path'
import { CommandBench, jsonLines } from '../../support/cli.ts'
import { rollCertificates, type RollCertificates } from './certificates.ts'
import { RollCluster } from './roll-cluster.ts'
import { account, RollNode } from './roll-node.ts'

export type Serial = '1' | '2' | '100%'

export interface RollEvent {
  readonly event: string
  readonly host?: string
  readonly task?: string
  readonly status?: string
  readonly summary?: string
  readonly hint?: string
  readonly message?: string
}

export interface RollResult {
  readonly code: number
  readonly events: readonly RollEvent[]
  /** Everything it printed. */
  readonly text: string
}

export interface RollWords {
  readonly serial: Serial
  /** Tasks of a play before the roll, on all hosts, with the facts that the shipped playbooks have then. */
  readonly look?: string
  /** More variables of one host. */
  readonly variables?: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly extraVars?: Readonly<Record<string, string>>
}

/** Five hosts with a node each, and a playbook of the form of the shipped ones that rolls a new certificate over them. */
export class RollBench {
  readonly nodes: readonly RollNode[]
  readonly cluster: RollCluster
  readonly certificates: RollCertificates
  readonly #bench: CommandBench

  private constructor(bench: CommandBench, certificates: RollCertificates) {
    this.#bench = bench
    this.certificates = certificates
    const names = ['h1', 'h2', 'h3', 'h4', 'h5']
    this.nodes = names.map((name) => new RollNode(name, join(bench.folder, name), certificates))
    this.cluster = new RollCluster(this.nodes)
  }

  static async open(): Promise<RollBench> {
    const bench = new CommandBench()
    const certificates = await rollCertificates()
    const roll = new RollBench(bench, certificates)
    await Promise.all(roll.nodes.map((node) => node.start(roll.cluster.answer)))
    bench.file('pki/elasticsearch-ca.pem', certificates.caPem)
    bench.file('files/http.p12', certificates.after.p12, 0o600)
    bench.file('known_hosts', roll.nodes.map((node) => node.ssh.hostKeyLine).join(''))
    return roll
  }

  async close(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.close()))
    this.#bench.remove()
  }

  reset(): void {
    for (const node of this.nodes) node.reset()
    this.cluster.reset()
  }

  async run({ serial, look = '', variables = {}, extraVars = {} }: RollWords): Promise<RollResult> {
    const roll = playbook(serial, this.certificates.after.serial)
    this.#bench.file('roll.yml', (look === '' ? '' : lookingPlay(look)) + roll)
    this.#bench.file('hosts.json', JSON.stringify(this.#inventory(variables)))
    const words = ['run', 'roll.yml', '-i', 'hosts.json', '-e', JSON.stringify(extraVars), '--output', 'json']
    const { code, stdout, stderr } = await this.#bench.run(words)
    return { code, events: jsonLines(stdout) as unknown as readonly RollEvent[], text: stdout + stderr }
  }

  #inventory(variables: NonNullable<RollWords['variables']>): object {
    const hosts = this.nodes.map(({ name, home, ssh }) => [
      name,
      { ansible_port: ssh.port, node_home: home, ...connection(this.#bench.folder, home), ...variables[name] },
    ])
    return { all: { children: { elasticsearch: { hosts: Object.fromEntries(hosts) as object } } } }
  }
}

function connection(folder: string, home: string): object {
  return {
    ansible_host: '127.0.0.1',
    ansible_user: 'ops',
    ansible_password: 'login',
    ansible_become_exe: `${home}/sudo`,
    ansible_become_password: 'right',
    ansible_ssh_common_args: `-o UserKnownHostsFile=${folder}/known_hosts`,
    elkseal_backup_dir: `${home}/backup`,
    elkseal_lock_dir: `${home}/lock`,
    elastic_password: 'password of elastic',
    elasticsearch_user: account.user,
    elasticsearch_log_file: `${home}/logs/lab.log`,
    pki_dir: `${folder}/pki`,
  }
}

function lookingPlay(tasks: string): string {
  return `- name: Look
  hosts: elasticsearch
  become: true
  gather_facts: false
  any_errors_fatal: true
  vars: {restarting: '{{ ansible_play_hosts }}'}
  tasks:
    - set_fact:
        elasticsearch_running: true
        elasticsearch_node_name: '{{ inventory_hostname }}'
        elasticsearch_http_host: 127.0.0.1
        elasticsearch_http_port: 9200
${tasks}
`
}

function playbook(serial: Serial, newSerial: string): string {
  return `- name: Elasticsearch serves the new certificate
  hosts: elasticsearch
  become: true
  gather_facts: false
  serial: "${serial}"
  any_errors_fatal: true
  roll:
    gates: [all_nodes_joined, no_red_index, shards_settled]
    shard_allocation: restored
    rollback: true
  tasks:
    - name: http.p12, the node's key and certificate
      copy:
        src: http.p12
        dest: '{{ node_home }}/config/http.p12'
        owner: ${account.user}
        group: ${account.group}
        mode: '0640'

    - name: https, in elasticsearch.yml
      yaml_settings:
        path: '{{ node_home }}/config/elasticsearch.yml'
        settings: {xpack.security.http.ssl.enabled: true}

    - name: The node accepts its files
      command: test ! -e {{ node_home }}/faults/refuses
      changed_when: false

    - name: No replica is built elsewhere while the node is down
      shard_allocation:
        state: primaries
      changed_when: false

    - name: A restart, if the node runs with older files
      elasticsearch_service:
        service: elasticsearch
        home: '{{ node_home }}'
        path_conf: '{{ node_home }}/config'
        files: ['{{ node_home }}/config/http.p12', '{{ node_home }}/config/elasticsearch.yml']
        timeout: '{{ start_timeout | default(60) }}'

    - name: The node serves its own certificate
      served_certificate:
        serial: '${newSerial}'
        timeout: '{{ served_timeout | default(30) }}'
`
}
