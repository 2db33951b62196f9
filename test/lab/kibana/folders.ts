import { join } from 'node:path'

/** The installation folder: the launchers in bin/ set it. */
export function homeFolder(): string {
  return process.env['KBN_HOME'] ?? join(import.meta.dirname, '..')
}

export function configFolder(): string {
  return process.env['KBN_PATH_CONF'] ?? join(homeFolder(), 'config')
}

export function dataFolder(): string {
  return join(homeFolder(), 'data')
}
