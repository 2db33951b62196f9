import { rmSync } from 'node:fs'
import { build } from 'esbuild'

/**
 * dist/: our sources and the packages they use in a few small files, since reading and compiling is most of a start
 * (docs/performance.md). A command loads only its own files. `npm ci` and `npm pack` call this (`prepare`). A word names
 * another folder than dist/.
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
  // Names stay: a stack trace in a bug report has to be readable.
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'linked',
  // It looks for native parts and WebAssembly beside its own files.
  external: ['ssh2'],
  // Some of the packages are CommonJS and ask for Node's modules by `require`.
  banner: {
    js: `import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);`,
  },
  logLevel: 'warning',
})
