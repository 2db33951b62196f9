// The layers of src/, lowest first. A file imports its own folder and lower layers only; see docs/architecture.md.
const layers = [
  ['errors', 'clock', 'nearest', 'yaml-source', 'yaml-settings'],
  ['secrets'],
  ['pki', 'inventory'],
  ['connection', 'vars'],
  ['facts', 'elastic'],
  ['modules'],
  ['playbook'],
  ['engine'],
  ['report'],
  ['cli'],
]

// Siblings of which one is below the other.
const exceptions = [
  { from: 'elastic', to: 'facts' },
  { from: 'vars', to: 'connection' },
]

const folderPattern = (name) =>
  ['errors', 'clock', 'nearest', 'yaml-source'].includes(name) ? `^src/${name}\\.ts$` : `^src/${name}/`

const layerRules = layers.slice(0, -1).flatMap((folders, level) =>
  folders.map((folder) => {
    const forbidden = layers
      .flatMap((others, otherLevel) => (otherLevel >= level ? others : []))
      .filter(
        (other) => other !== folder && !(level === 0) && !exceptions.some((e) => e.from === folder && e.to === other),
      )
    const above = level === 0 ? layers.slice(1).flat() : forbidden
    return {
      name: `layer-${folder}`,
      comment: `${folder} imports only its own folder and lower layers`,
      severity: 'error',
      from: { path: folderPattern(folder) },
      to: { path: above.map(folderPattern) },
    }
  }),
)

// Each npm package has one home, so that replacing it is a change in one place.
const homes = {
  ssh2: '^src/connection/',
  'ssh-config': '^src/connection/',
  'node-forge': '^src/pki/(forge|der|password-encryption)\\.ts$',
  fflate: '^src/pki/',
  yaml: '^src/(yaml-source\\.ts$|yaml-settings/)',
  listr2: '^src/report/',
  diff: '^src/report/',
  commander: '^src/cli/',
  zod: '^src/(modules|cli)/',
}

const homeRules = Object.entries(homes).map(([name, home]) => ({
  name: `home-of-${name}`,
  comment: `${name} is imported in ${home} only`,
  severity: 'error',
  from: { path: '^src/', pathNot: home },
  to: { path: `node_modules/${name}/` },
}))

export default {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    { name: 'not-resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'no-dev-dependency',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'], pathNot: '@types' },
    },
    { name: 'not-from-test', severity: 'error', from: { path: '^src/' }, to: { path: '^(test|scripts)/' } },
    ...layerRules,
    ...homeRules,
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
}
