import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { Context } from 'mocha'

/**
 * Skips the running test, with a word why, when a tool is not on the PATH. In CI (ELKSEAL_CI=1) a missing tool is a
 * failure instead: nothing is skipped silently there.
 */
export function needs(test: Context, ...tools: readonly string[]): void {
  const missing = tools.filter((tool) => !isOnPath(tool))
  if (missing.length > 0) skipFor(test, `needs ${missing.join(', ')}`)
}

export function skipFor(test: Context, reason: string): void {
  if (process.env['ELKSEAL_CI'] === '1') throw new Error(`CI must run this test, but it ${reason}`)
  process.stderr.write(`      skipped: ${reason}\n`)
  test.skip()
}

function isOnPath(tool: string): boolean {
  if (tool.startsWith('/')) return isExecutable(tool)
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => isExecutable(join(folder, tool)))
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
