import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { elasticsearchDistribution, findJdk } from '../../test/support/elasticsearch-distribution.ts'
import type { DemoAccount } from './account.ts'
import { installStandIn } from './stand-in/install.ts'

/** What the demo's hosts run. */
export interface Product {
  readonly home: string
  /** The JDK of the real one. */
  readonly jdk: string | undefined
  /** Why it is the stand-in, as the rest of a sentence; undefined: it is the real one. */
  readonly standInBecause: string | undefined
}

/** Three nodes of the real one with a heap of 320 MB each, measured. */
const memoryWanted = 2_000_000_000

/** Real Elasticsearch if this machine can fetch and run it, else what stands against it. */
export async function realProduct(account: DemoAccount): Promise<Product | { readonly obstacle: string }> {
  const jdk = findJdk(25)
  if (jdk === undefined) return { obstacle: 'no JDK 25 was found (JAVA_HOME, /usr/lib/jvm)' }
  if (spawnSync(join(jdk, 'bin/java'), ['-version'], asAccount(account)).status !== 0) {
    return { obstacle: `${account.user} cannot run the JDK in ${jdk}` }
  }
  if (process.availableMemory() < memoryWanted) return { obstacle: 'less than 2 GB of memory are free' }
  try {
    const { home } = await elasticsearchDistribution('9.5.0')
    return { home, jdk, standInBecause: undefined }
  } catch (thrown) {
    return { obstacle: fetchObstacle(thrown) }
  }
}

/** The stand-in, installed in a folder of its own. */
export async function standIn(folder: string, because: string): Promise<Product> {
  return { home: await installStandIn(folder), jdk: undefined, standInBecause: because }
}

function fetchObstacle(thrown: unknown): string {
  const missing = ['mvn', 'unzip'].find((tool) => spawnSync(tool, ['-v'], { stdio: 'ignore' }).error !== undefined)
  if (missing !== undefined) return `${missing}, which fetches it, is not installed`
  const text = thrown instanceof Error ? thrown.message : String(thrown)
  const line = /\[ERROR\] ([^\n]+)/.exec(text)?.[1] ?? text.trim().split('\n')[0] ?? ''
  return `it could not be fetched: ${line.length > 160 ? `${line.slice(0, 159)}…` : line}`
}

function asAccount({ uid, gid }: DemoAccount): object {
  return process.getuid?.() === 0 ? { uid, gid, cwd: '/', stdio: 'ignore' } : { cwd: '/', stdio: 'ignore' }
}
