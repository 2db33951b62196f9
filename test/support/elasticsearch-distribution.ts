import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { cached } from '../lab/cache.ts'
import { $ } from '../lab/shell.ts'

export const elasticsearchVersions = ['9.5.0', '8.19.5', '7.17.24'] as const
export type ElasticsearchVersion = (typeof elasticsearchVersions)[number]

/** Real Elasticsearch, unpacked. The folder is shared: copy it before changing anything in it. */
export interface ElasticsearchDistribution {
  readonly version: ElasticsearchVersion
  readonly home: string
  /** The home of the JDK that this version runs on: the distribution brings none. */
  readonly jdk: string
}

/**
 * The minimal distribution that Elastic publishes to Maven Central for integration tests, fetched once with mvn. It has
 * security, but neither `GET /` nor what native users need: see test/lab/elasticsearch-plugin.ts.
 */
export async function elasticsearchDistribution(version: ElasticsearchVersion): Promise<ElasticsearchDistribution> {
  const jdk = findJdk(jdkMajor(version))
  if (jdk === undefined) throw new Error(`Elasticsearch ${version} needs a JDK ${jdkMajor(version)}, none was found`)
  const folder = await cached(`elasticsearch-${version}`, [], async (folder) => {
    const artifact = `org.elasticsearch.distribution.integ-test-zip:elasticsearch:${version}:zip`
    await $`mvn -q -B dependency:copy -Dartifact=${artifact} -DoutputDirectory=${folder}`
    await $`unzip -q ${join(folder, `elasticsearch-${version}.zip`)} -d ${folder}`
    await rm(join(folder, `elasticsearch-${version}.zip`))
    await rename(join(folder, `elasticsearch-${version}`), join(folder, 'home'))
    await mkdir(join(folder, 'home/plugins'), { recursive: true })
  })
  return { version, home: join(folder, 'home'), jdk }
}

export function jdkMajor(version: ElasticsearchVersion): number {
  return version.startsWith('9.') ? 25 : 17
}

/** The home of a JDK (with javac) of exactly that major version. */
export function findJdk(major: number): string | undefined {
  return jdkHomes().find((home) => existsSync(join(home, 'bin/javac')) && majorOf(home) === major)
}

function jdkHomes(): readonly string[] {
  const named = ['ES_JAVA_HOME', 'JAVA_HOME'].flatMap((name) => process.env[name] ?? [])
  const installed = existsSync('/usr/lib/jvm') ? readdirSync('/usr/lib/jvm').sort() : []
  return [...named, ...installed.map((name) => join('/usr/lib/jvm', name))]
}

function majorOf(home: string): number | undefined {
  const release = join(home, 'release')
  if (!existsSync(release)) return undefined
  return Number(/^JAVA_VERSION="(\d+)/m.exec(readFileSync(release, 'utf8'))?.[1])
}
