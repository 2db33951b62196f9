/** A role as Kibana's API takes and gives it. */
export interface KibanaRole {
  readonly metadata?: Readonly<Record<string, unknown>>
  readonly elasticsearch?: {
    readonly cluster?: readonly string[]
    readonly indices?: readonly unknown[]
    readonly run_as?: readonly string[]
  }
  readonly kibana?: readonly KibanaPrivileges[]
}

interface KibanaPrivileges {
  readonly base?: readonly string[]
  readonly feature?: Readonly<Record<string, readonly string[]>>
  readonly spaces?: readonly string[]
}

/** A role as Elasticsearch keeps it. */
export interface StoredRole {
  readonly cluster?: readonly string[]
  readonly indices?: readonly unknown[]
  readonly run_as?: readonly string[]
  readonly metadata?: Readonly<Record<string, unknown>>
  readonly applications?: readonly Application[]
}

interface Application {
  readonly application: string
  readonly privileges: readonly string[]
  readonly resources: readonly string[]
}

const application = 'kibana-.kibana'

const features = [
  ...['discover', 'discover_v2', 'visualize', 'visualize_v2', 'dashboard', 'dashboard_v2', 'canvas', 'maps', 'ml'],
  ...['graph', 'infrastructure', 'logs', 'apm', 'uptime', 'siem', 'dev_tools', 'advancedSettings', 'indexPatterns'],
  ...['savedObjectsManagement', 'stackAlerts', 'fleet', 'osquery', 'monitoring'],
]

export function unknownFeatures(role: KibanaRole): readonly string[] {
  return (role.kibana ?? [])
    .flatMap((part) => Object.keys(part.feature ?? {}))
    .filter((name) => !features.includes(name))
}

export function toRole(role: KibanaRole): StoredRole {
  return {
    cluster: role.elasticsearch?.cluster ?? [],
    indices: role.elasticsearch?.indices ?? [],
    run_as: role.elasticsearch?.run_as ?? [],
    metadata: role.metadata ?? {},
    applications: (role.kibana ?? []).map((part) => toApplication(part)),
  }
}

/** Privileges of a space have a prefix that those of all spaces have not. */
function toApplication({ base = [], feature = {}, spaces = ['*'] }: KibanaPrivileges): Application {
  const everywhere = spaces.includes('*')
  const named = Object.entries(feature).flatMap(([name, levels]) => levels.map((level) => `feature_${name}.${level}`))
  return {
    application,
    privileges: [...base.map((level) => (everywhere ? level : `space_${level}`)), ...named],
    resources: everywhere ? ['*'] : spaces.map((space) => `space:${space}`),
  }
}

export function toKibanaRole(name: string, stored: StoredRole): unknown {
  const { cluster = [], indices = [], run_as = [], metadata = {} } = stored
  const kibana = (stored.applications ?? [])
    .filter((one) => one.application === application)
    .map(({ privileges, resources }) => ({
      base: privileges.filter((word) => !word.startsWith('feature_')).map((word) => word.replace(/^space_/, '')),
      feature: featuresOf(privileges),
      spaces: resources.map((resource) => resource.replace(/^space:/, '')),
    }))
  return { name, metadata, elasticsearch: { cluster, indices, run_as }, kibana }
}

function featuresOf(privileges: readonly string[]): Record<string, string[]> {
  const found: Record<string, string[]> = {}
  for (const privilege of privileges) {
    const [, feature, level] = /^feature_(\w+)\.(\w+)$/.exec(privilege) ?? []
    if (feature !== undefined && level !== undefined) found[feature] = [...(found[feature] ?? []), level]
  }
  return found
}
