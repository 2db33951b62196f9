import { mkdtemp, readdir, readFile, mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { jdkMajor, type ElasticsearchDistribution } from '../support/elasticsearch-distribution.ts'
import { $ } from './shell.ts'

const name = 'elkseal-lab'

/** Java sources of the plugin for this version; what is alike in 8.19 and 9.5 stands in `common`. */
export async function pluginSources(version: string): Promise<readonly string[]> {
  const line = version.split('.').slice(0, 2).join('.')
  const folders = line === '7.17' ? ['7.17'] : ['common', line]
  const files = folders.map(async (folder) => {
    const path = join(import.meta.dirname, 'elasticsearch-plugin', folder)
    return (await readdir(path)).sort().map((file) => join(path, file))
  })
  return (await Promise.all(files)).flat()
}

/**
 * Compiles the plugin and puts it into `home/plugins`. It gives the minimal distribution what its clients need: the
 * answer to `GET /`, the analysis parts of the security index (without them no native user), and `GET /_xpack`.
 */
export async function installPlugin(distribution: ElasticsearchDistribution, home: string): Promise<void> {
  const { version, jdk } = distribution
  const classes = await mkdtemp(join(tmpdir(), 'elkseal-lab-plugin-'))
  try {
    const folder = join(home, 'plugins', name)
    await mkdir(folder, { recursive: true })
    const libraries = `${home}/lib/*:${home}/modules/x-pack-core/*`
    await $`${jdk}/bin/javac -nowarn -d ${classes} -cp ${libraries} ${await pluginSources(version)}`
    await $`${jdk}/bin/jar --create --file ${join(folder, `${name}.jar`)} -C ${classes} .`
    await writeFile(join(folder, 'plugin-descriptor.properties'), descriptor(distribution))
  } finally {
    await rm(classes, { recursive: true })
  }
}

function descriptor({ version }: ElasticsearchDistribution): string {
  const properties = {
    name,
    description: 'For tests: what clients need and the minimal distribution lacks',
    version: '1.0.0',
    classname: 'elkseal.lab.LabPlugin',
    'extended.plugins': version.startsWith('7.') ? '' : 'x-pack-core',
    'java.version': jdkMajor(version),
    'elasticsearch.version': version,
  }
  return Object.entries(properties)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('')
}

export async function pluginInputs(version: string): Promise<readonly string[]> {
  const files = [import.meta.filename, ...(await pluginSources(version))]
  return Promise.all(files.map((file) => readFile(file, 'utf8')))
}
