import { copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { rootOf, runOn, type Machine } from './machine.ts'
import { $ } from './shell.ts'
import { transportCertificates, transportPassword } from './transport-certificates.ts'

export const clusterName = 'lab'

/** Writes the node's configuration before it boots: minimal security, TLS between nodes, plain HTTP. */
export async function configureElasticsearch(node: Machine, nodes: readonly Machine[]): Promise<void> {
  const root = rootOf(node)
  const config = join(root, 'etc/elasticsearch')
  await writeFile(join(config, 'elasticsearch.yml'), settings(node, nodes))
  await copyFile(await transportCertificates(), join(config, 'elastic-certificates.p12'))
  const files = ['elasticsearch.yml', 'elastic-certificates.p12'].map((name) => `/etc/elasticsearch/${name}`)
  await $`chroot ${root} chown root:elasticsearch ${files}`
  await $`chroot ${root} chmod 660 ${files}`
}

/** Creates the keystores. All nodes store the same, and the tool takes seconds: it runs once. */
export async function createKeystores(nodes: readonly Machine[], elasticPassword: string): Promise<void> {
  const [first, ...others] = nodes
  if (first === undefined) return
  const tool = '/usr/share/elasticsearch/bin/elasticsearch-keystore'
  const transport = 'xpack.security.transport.ssl'
  const names = [
    'bootstrap.password',
    `${transport}.keystore.secure_password`,
    `${transport}.truststore.secure_password`,
  ]
  await runOn(first, [tool, 'create'])
  await runOn(first, [tool, 'add', '--stdin', ...names], {
    input: `${elasticPassword}\n${transportPassword}\n${transportPassword}\n`,
  })
  const file = 'etc/elasticsearch/elasticsearch.keystore'
  for (const node of others) await $`cp --preserve=all ${join(rootOf(first), file)} ${join(rootOf(node), file)}`
}

function settings(node: Machine, nodes: readonly Machine[]): string {
  const list = (values: readonly string[]): string => JSON.stringify(values)
  return `# ======================== Elasticsearch Configuration =========================
#
# ---------------------------------- Cluster -----------------------------------
cluster.name: ${clusterName}
# ------------------------------------ Node ------------------------------------
node.name: ${node.name}
# ----------------------------------- Paths ------------------------------------
path.data: /var/lib/elasticsearch
path.logs: /var/log/elasticsearch
# ---------------------------------- Network -----------------------------------
http.host: ${node.address}
# A loopback address: the bootstrap checks only warn, so the lab runs where 65535 file descriptors are not allowed.
transport.host: ${node.loopback}
# --------------------------------- Discovery ----------------------------------
discovery.seed_hosts: ${list(nodes.map((each) => each.loopback))}
cluster.initial_master_nodes: ${list(nodes.map((each) => each.name))}
# ---------------------------------- Security ----------------------------------
xpack.security.enabled: true
xpack.security.transport.ssl.enabled: true
xpack.security.transport.ssl.verification_mode: certificate
xpack.security.transport.ssl.client_authentication: required
xpack.security.transport.ssl.keystore.path: elastic-certificates.p12
xpack.security.transport.ssl.truststore.path: elastic-certificates.p12
`
}
