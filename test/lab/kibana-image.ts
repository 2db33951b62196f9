import { cp, mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cachedLayer } from './cache.ts'
import { kibanaInstallation, type Piece } from './kibana/install.ts'
import type { Binding } from './machine.ts'
import { $ } from './shell.ts'

/** A layer with the stand-in for Kibana. The Node program it runs on is bound into the host, as it is large. */
export async function kibanaLayer(
  version: string,
  lower: readonly string[],
): Promise<{ readonly layer: string; readonly bindings: readonly Binding[] }> {
  const { commands, pieces } = await kibanaInstallation(version)
  const bindings = await programsOf(pieces)
  const placed = pieces.filter((piece) => !bindings.some((binding) => binding.to === piece.path))
  const inputs = [await readFile(import.meta.filename, 'utf8'), JSON.stringify({ commands, pieces })]
  const layer = await cachedLayer({ name: 'kibana-layer', inputs, lower }, async (root) => {
    for (const command of commands) await $`chroot ${root} ${command}`
    for (const piece of placed) await place(root, piece)
  })
  return { layer, bindings }
}

async function place(root: string, piece: Piece): Promise<void> {
  const target = join(root, piece.path)
  if (piece.kind === 'tree') {
    await cp(piece.from, target, { recursive: true, dereference: true })
    return
  }
  if (piece.kind === 'folder') await mkdir(target, { recursive: true })
  else await writeFile(target, piece.content)
  await $`chroot ${root} chown ${`${piece.owner}:${piece.group}`} ${piece.path}`
  await $`chroot ${root} chmod ${piece.mode.toString(8)} ${piece.path}`
}

async function programsOf(pieces: readonly Piece[]): Promise<readonly Binding[]> {
  const trees = pieces.filter((piece) => piece.kind === 'tree')
  const files = await Promise.all(trees.map(async ({ from }) => (await stat(from)).isFile()))
  return trees.filter((_, index) => files[index]).map(({ from, path }) => ({ from, to: path }))
}
