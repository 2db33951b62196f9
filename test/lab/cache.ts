import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, rename } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { mountOverlay, removeTree } from './mounts.ts'

/** Where everything that is slow to make is kept between runs, and the labs themselves. */
export const cacheFolder = process.env['ELKSEAL_LAB_CACHE'] ?? join(homedir(), '.cache/elkseal/lab')

/** What decides the content of a cached folder: other inputs, another folder. */
export type CacheInputs = readonly string[]

const beingBuilt = new Map<string, Promise<string>>()

/**
 * The folder of that name and those inputs, made by `build` when it is not there. It is built under another name and
 * renamed when complete: an interrupted build leaves nothing that looks finished, and the next one clears it away.
 */
export async function cached(
  name: string,
  inputs: CacheInputs,
  build: (folder: string) => Promise<void>,
): Promise<string> {
  const folder = join(cacheFolder, `${name}-${hashOf(inputs)}`)
  const promise = beingBuilt.get(folder) ?? buildOnce(folder, build).finally(() => beingBuilt.delete(folder))
  beingBuilt.set(folder, promise)
  return promise
}

async function buildOnce(folder: string, build: (folder: string) => Promise<void>): Promise<string> {
  if (existsSync(folder)) return folder
  await mkdir(cacheFolder, { recursive: true })
  await otherBuildersOf(folder)
  if (existsSync(folder)) return folder
  const building = `${folder}.building-${process.pid}`
  try {
    await mkdir(building)
    await build(building)
    await rename(building, folder).catch((problem: unknown) => {
      if (!existsSync(folder)) throw problem
    })
  } finally {
    await removeTree(building)
  }
  return folder
}

/** An overlay layer: what `build` changes in a tree that shows `lower`, without `lower` itself. */
export async function cachedLayer(
  layer: { readonly name: string; readonly inputs: CacheInputs; readonly lower: readonly string[] },
  build: (root: string) => Promise<void>,
): Promise<string> {
  const folder = await cached(layer.name, [...layer.inputs, ...layer.lower], async (folder) => {
    const root = join(folder, 'root')
    const work = join(folder, 'work')
    await mountOverlay({ target: root, layers: layer.lower, upper: join(folder, 'layer'), work })
    try {
      await build(root)
    } finally {
      await removeTree(root)
      await removeTree(work)
    }
  })
  return join(folder, 'layer')
}

async function otherBuildersOf(folder: string): Promise<void> {
  for (;;) {
    const others = (await readdir(cacheFolder)).filter((name) =>
      join(cacheFolder, name).startsWith(`${folder}.building-`),
    )
    const living = others.filter((name) => isAlive(Number(name.split('.building-')[1])))
    for (const name of others) if (!living.includes(name)) await removeTree(join(cacheFolder, name))
    if (living.length === 0) return
    await pause(500)
  }
}

function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`)
}

function hashOf(inputs: CacheInputs): string {
  return createHash('sha256').update(JSON.stringify(inputs)).digest('hex').slice(0, 12)
}
