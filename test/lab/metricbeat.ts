import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LabState } from './lab-state.ts'
import { rootOf, type Machine } from './machine.ts'

export const metricbeatUser = 'metricbeat_writer'

/** What the user of Metricbeat's output may do. */
export const metricbeatRole = {
  cluster: ['monitor'],
  indices: [{ names: ['metricbeat-*'], privileges: ['create_doc', 'create_index', 'view_index_metadata'] }],
} as const

/** Writes Metricbeat's configuration before the host boots: it sends to all nodes, by plain HTTP. */
export async function configureMetricbeat(host: Machine, state: LabState): Promise<void> {
  const nodes = state.hosts.filter((each) => each.role === 'elasticsearch')
  const urls = nodes.map((node) => `http://${node.address}:9200`)
  await writeFile(
    join(rootOf(host), 'etc/metricbeat/metricbeat.yml'),
    settings(urls, state.passwords.metricbeatWriter),
    {
      mode: 0o600,
    },
  )
}

// The packaged default has processors that ask a cloud's metadata address; and without ILM and scaled_float, which the
// minimal Elasticsearch lacks, no template can be set up.
function settings(urls: readonly string[], password: string): string {
  return `###################### Metricbeat Configuration Example #######################

# =========================== Modules configuration ============================
metricbeat.config.modules:
  path: \${path.config}/modules.d/*.yml
  reload.enabled: false

setup.ilm.enabled: false
setup.template.enabled: false

# ================================== Outputs ===================================
# ---------------------------- Elasticsearch Output ----------------------------
output.elasticsearch:
  # Array of hosts to connect to.
  hosts: ${JSON.stringify(urls)}
  username: "${metricbeatUser}"
  password: "${password}"

# ================================= Processors =================================
processors: []
`
}
