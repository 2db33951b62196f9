#!/usr/bin/env node
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import module from 'node:module'
import { fileURLToPath } from 'node:url'

const root = new URL('../', import.meta.url)

// Answered here, before anything is loaded: scripts ask for it often.
if (process.argv.length === 3 && (process.argv[2] === '--version' || process.argv[2] === '-V')) {
  process.stdout.write(`elkseal ${JSON.parse(readFileSync(new URL('package.json', root), 'utf8')).version}\n`)
} else {
  module.enableCompileCache?.()
  const { main } = await import(entryPoint().href)
  process.exitCode = await main()
  // After ctrl-C, what a host still does is not waited for. The time lets a pipe take the last lines.
  if (process.exitCode === 99) setTimeout(() => process.exit(), 500).unref()
}

/** The built program; in a checkout whose sources are newer than the build, the sources themselves. */
function entryPoint() {
  const built = new URL('dist/main.js', root)
  const source = new URL('src/cli/main.ts', root)
  if (!existsSync(source)) return built
  if (existsSync(built) && newest(fileURLToPath(new URL('src', root))) <= statSync(built).mtimeMs) return built
  if (process.features.typescript) return source
  process.stderr.write('elkseal: the build is missing or older than src/, and this Node cannot run TypeScript.\n')
  process.stderr.write('Run "npm run build", or use Node 22.18 or newer.\n')
  process.exit(1)
}

function newest(folder) {
  let latest = 0
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`
    latest = Math.max(latest, entry.isDirectory() ? newest(path) : statSync(path).mtimeMs)
  }
  return latest
}
