import { rmSync } from 'node:fs'
import { build } from 'esbuild'

/**
 * dist/: our own sources in a few files, so that a start reads little; packages stay outside and are loaded when
 * first used. `npm ci` and `npm pack` call this (`prepare`). A word names another folder than dist/.
 */
const [folder = 'dist'] = process.argv.slice(2)

rmSync(folder, { recursive: true, force: true })
await build({
  entryPoints: { main: 'src/cli/main.ts' },
  outdir: folder,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node22',
  packages: 'external',
  sourcemap: true,
  logLevel: 'warning',
})
