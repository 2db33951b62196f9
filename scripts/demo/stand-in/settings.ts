import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { LineCounter, parseDocument } from 'yaml'
import { StartError } from './start-error.ts'

/** Every setting by its dotted name, as text; lists as their items. Of two spellings the later one wins. */
export type Settings = ReadonlyMap<string, string | readonly string[]>

/** Throws the StartError that Elasticsearch prints on its console. */
export function readSettings(conf: string): Settings {
  const lines = new LineCounter()
  const document = parseDocument(readFileSync(join(conf, 'elasticsearch.yml'), 'utf8'), { lineCounter: lines })
  const [error] = document.errors
  if (error !== undefined) {
    const { line, col } = lines.linePos(error.pos[0])
    const name = error.code === 'DUPLICATE_KEY' ? keyAt(conf, line) : undefined
    const reason = name === undefined ? (error.message.split('\n')[0] ?? '') : `Duplicate field '${name}'`
    throw new StartError('console', 70, [
      'Exception in thread "main" SettingsException: Failed to load settings from [elasticsearch.yml]',
      `Caused by: org.elasticsearch.xcontent.XContentParseException: [${line}:${col}] ${reason}`,
    ])
  }
  const settings = new Map<string, string | readonly string[]>()
  put(settings, '', document.toJS())
  return settings
}

export function textOf(settings: Settings, name: string): string | undefined {
  const value = settings.get(name)
  return typeof value === 'string' ? value : value?.join(',')
}

function put(settings: Map<string, string | readonly string[]>, name: string, value: unknown): void {
  if (value === null || value === undefined) return
  if (Array.isArray(value)) settings.set(name, value.map(String))
  else if (typeof value === 'object') {
    for (const [key, item] of Object.entries(value)) put(settings, name === '' ? key : `${name}.${key}`, item)
  } else settings.set(name, typeof value === 'string' ? value : JSON.stringify(value))
}

function keyAt(conf: string, line: number): string | undefined {
  const text = readFileSync(join(conf, 'elasticsearch.yml'), 'utf8').split('\n')[line - 1] ?? ''
  return /^\s*([\w.-]+)\s*:/.exec(text)?.[1]
}
