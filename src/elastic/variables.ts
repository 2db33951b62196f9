import { certificates, transport } from './certificate-variables.ts'
import { elasticsearch, kibana, metricbeat } from './product-variables.ts'
import { run } from './run-variables.ts'
import type { Variable } from './variable.ts'

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
