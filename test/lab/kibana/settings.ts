import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { ConfigError } from './config-error.ts'
import { configFolder } from './folders.ts'
import { KeystoreFile } from './keystore-file.ts'

/** Every setting by its dotted name. Later ones win without a word, and the keystore wins over kibana.yml. */
export type Settings = ReadonlyMap<string, unknown>

export async function loadSettings(keystore: Readonly<Record<string, unknown>>): Promise<Settings> {
  const settings = new Map<string, unknown>()
  const text = readFileSync(join(configFolder(), 'kibana.yml'), 'utf8')
  const document: unknown = parse(text)
  put(settings, '', withEnvironment(document ?? {}))
  for (const [name, value] of Object.entries(keystore)) put(settings, name, value)
  return settings
}

/** Read once, at the start: a reload does not see it again. */
export async function loadKeystore(): Promise<Readonly<Record<string, unknown>>> {
  const file = new KeystoreFile()
  if (file.path.includes('/data/') && file.exists()) {
    process.stderr.write(
      'kibana.keystore located in the data folder is deprecated.  Future versions will use the config folder.\n',
    )
  }
  await file.load(() => new Promise(() => undefined))
  return file.settings
}

function put(settings: Map<string, unknown>, name: string, value: unknown): void {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    for (const [key, item] of Object.entries(value)) put(settings, name === '' ? key : `${name}.${key}`, item)
    return
  }
  if (name === '') throw new ConfigError('the value at path  must be an object')
  settings.set(name, value)
}

function withEnvironment(value: unknown): unknown {
  if (typeof value === 'string') {
    return value.replaceAll(/\$\{(\w+)(?::([^}]*))?\}/g, (_, name: string, fallback: string | undefined) => {
      const found = process.env[name] ?? fallback
      if (found === undefined) throw new ConfigError(`Unknown environment variable referenced in config : ${name}`)
      return found
    })
  }
  if (Array.isArray(value)) return value.map(withEnvironment)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withEnvironment(item)]))
}
