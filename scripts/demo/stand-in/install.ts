import { copyFileSync, linkSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

const version = '9.5.0'

/**
 * Lays the stand-in out in `folder` as an unpacked archive, and returns its home. Everything it needs is copied there:
 * the account that runs it may not be permitted to read this checkout.
 */
export async function installStandIn(folder: string): Promise<string> {
  const [home, programs] = [join(folder, 'home'), join(folder, 'programs')]
  for (const path of ['bin', 'lib', 'config', 'modules', 'plugins', 'logs']) {
    mkdirSync(join(home, path), { recursive: true })
  }
  const sources = ['elasticsearch', 'server', 'keystore-tool']
  await build({
    entryPoints: sources.map((name) => join(import.meta.dirname, `${name}.ts`)),
    outdir: programs,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node22',
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    logLevel: 'warning',
  })
  writeFileSync(join(programs, 'package.json'), '{ "type": "module" }\n')
  const node = ownNode(programs)
  for (const [tool, program] of [
    ['elasticsearch', 'elasticsearch'],
    ['elasticsearch-keystore', 'keystore-tool'],
  ] as const) {
    const script = [
      '#!/bin/sh',
      '# A stand-in of Elasticsearch: see scripts/demo/stand-in/README.md of elkseal.',
      'ES_HOME=$(cd -- "$(dirname -- "$0")/.." && pwd -P) && export ES_HOME || exit 1',
      `STAND_IN_CLUSTER='${join(folder, 'cluster')}'; export STAND_IN_CLUSTER`,
      `exec '${node}' '${join(programs, `${program}.js`)}' "$@"`,
    ]
    writeFileSync(join(home, 'bin', tool), `${script.join('\n')}\n`, { mode: 0o755 })
  }
  writeFileSync(join(home, `lib/elasticsearch-${version}.jar`), '')
  mkdirSync(join(folder, 'cluster'))
  return home
}

/** Root's checkout may lie where the account that runs the hosts cannot look. */
function ownNode(programs: string): string {
  if (process.getuid?.() !== 0) return process.execPath
  const node = join(programs, 'node')
  try {
    linkSync(process.execPath, node)
  } catch {
    copyFileSync(process.execPath, node)
  }
  return node
}
