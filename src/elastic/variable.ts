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

/** The same in a list of its group. */
export type VariableOfGroup = Omit<Variable, 'group'>
