import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LabState } from './lab-state.ts'
import { rootOf, type Machine } from './machine.ts'

/** Writes Kibana's configuration before the host boots: it asks all nodes, by plain HTTP. */
export async function configureKibana(host: Machine, state: LabState): Promise<void> {
  const nodes = state.hosts.filter((each) => each.role === 'elasticsearch')
  const urls = nodes.map((node) => `http://${node.address}:9200`)
  // Its owner and mode stay as the installation made them.
  await writeFile(join(rootOf(host), 'etc/kibana/kibana.yml'), settings(host, urls, state.passwords.kibanaSystem))
}

function settings(host: Machine, urls: readonly string[], password: string): string {
  return `# =================== System: Kibana Server ===================
server.port: 5601
server.host: "${host.address}"
server.name: "${host.name}"

# =================== System: Elasticsearch ===================
# The URLs of the Elasticsearch instances to use for all your queries.
elasticsearch.hosts: ${JSON.stringify(urls)}
elasticsearch.username: "kibana_system"
elasticsearch.password: "${password}"
`
}
