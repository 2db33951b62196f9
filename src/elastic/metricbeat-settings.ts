import { TaskError, throwProblems } from '../errors.ts'
import { editSettings } from '../yaml-settings/edit-settings.ts'
import { readSettings } from '../yaml-settings/read-settings.ts'
import type { SettingValue } from '../yaml-settings/setting-value.ts'
import { byHttps } from './https-hosts.ts'

/** Beats take an address without scheme as http, and without port as 9200. */
const hostRules = { scheme: 'http', port: 9200, variable: 'metricbeat_elasticsearch_hosts' } as const

export interface MetricbeatSources {
  readonly text: string
  readonly path: string
  readonly caPath: string
  /** Given by the user: goes before what is found. */
  readonly wantedHosts?: readonly string[] | undefined
}

export interface MetricbeatSettings {
  readonly elasticsearchHosts: readonly string[]
  /** What metricbeat.yml has to say. */
  readonly wanted: Readonly<Record<string, SettingValue>>
}

/**
 * https and the CA for the output and, where it has hosts of its own, for monitoring. Throws for a setting that stands
 * twice: Beats takes one of the two, and not always the same.
 */
export function metricbeatSettings(sources: MetricbeatSources): MetricbeatSettings {
  const { settings, problems } = readSettings(sources.text, sources.path)
  throwProblems(problems)
  const value = (name: string): unknown => settings.get(name)?.value ?? undefined
  if (![...settings.keys()].some((name) => name.startsWith('output.elasticsearch'))) {
    throw new TaskError(`Metricbeat of "${sources.path}" does not send to Elasticsearch`, {
      hint: 'Set output.elasticsearch.hosts, or take the host out of the group metricbeat',
    })
  }
  const hosts = sources.wantedHosts ?? byHttps(listOf(value('output.elasticsearch.hosts')) ?? ['localhost'], hostRules)
  const monitoring = listOf(value('monitoring.elasticsearch.hosts'))
  return {
    elasticsearchHosts: hosts,
    wanted: {
      ...overTls('output.elasticsearch', { hosts, caPath: sources.caPath, disabled: isOff(value, 'output') }),
      ...(monitoring === undefined
        ? {}
        : overTls('monitoring.elasticsearch', {
            hosts: byHttps(monitoring, hostRules),
            caPath: sources.caPath,
            disabled: isOff(value, 'monitoring'),
          })),
    },
  }
}

interface Connection {
  readonly hosts: readonly string[]
  readonly caPath: string
  /** `ssl.enabled: false` would throw the CA away. */
  readonly disabled: boolean
}

function overTls(prefix: string, { hosts, caPath, disabled }: Connection): Record<string, SettingValue> {
  const dot = prefix === '' ? '' : `${prefix}.`
  return {
    [`${dot}hosts`]: hosts,
    [`${dot}ssl.certificate_authorities`]: [caPath],
    ...(disabled ? { [`${dot}ssl.enabled`]: true } : {}),
  }
}

function isOff(value: (name: string) => unknown, part: string): boolean {
  return value(`${part}.elasticsearch.ssl.enabled`) === false
}

/**
 * A file of modules.d with https and the CA in each block of the module `elasticsearch`: a module does not inherit
 * them from the output. Every other byte stays. Throws as metricbeatSettings does.
 */
export function secureModuleFile(text: string, path: string, caPath: string): string {
  return blocksOf(text)
    .map((block) => (block.kind === 'module' ? secureBlock(block.text, path, caPath) : block.text))
    .join('')
}

interface Block {
  readonly kind: 'module' | 'other'
  readonly text: string
}

/** The items of the file's list: each begins with `- ` in the first column. */
function blocksOf(text: string): readonly Block[] {
  const starts = [...text.matchAll(/^- /gm)].map((match) => match.index)
  const [first = text.length] = starts
  const blocks = starts.flatMap((start, index) => itemAndRest(text.slice(start, starts[index + 1])))
  return [{ kind: 'other', text: text.slice(0, first) }, ...blocks]
}

/** Blank lines and comments of the first column behind an item lead up to the next one. */
function itemAndRest(text: string): readonly Block[] {
  const lines = text.split(/(?<=\n)/)
  const last = lines.findLastIndex((line) => line.trim() !== '' && !line.startsWith('#'))
  return [
    { kind: 'module', text: lines.slice(0, last + 1).join('') },
    { kind: 'other', text: lines.slice(last + 1).join('') },
  ]
}

/** An item is a map two columns in; taken two columns out it is a settings file of its own. */
function secureBlock(block: string, path: string, caPath: string): string {
  const flat = block.replace(/^- /, '').replaceAll(/^ {2}/gm, '')
  const { settings, problems } = readSettings(flat, path)
  if (settings.get('module')?.value !== 'elasticsearch') return block
  throwProblems(problems)
  const value = (name: string): unknown => settings.get(name)?.value ?? undefined
  const hosts = byHttps(listOf(value('hosts')) ?? ['localhost'], hostRules)
  const edited = editSettings(flat, overTls('', { hosts, caPath, disabled: value('ssl.enabled') === false }), path)
  if (edited.changed.length === 0) return block
  const lines = edited.text.split('\n')
  return lines.map((line, index) => (index === 0 ? `- ${line}` : indented(line, block))).join('\n')
}

/** Empty lines, and comments that stood in the first column, had no indentation to take away. */
function indented(line: string, block: string): string {
  const isBare = line.trim() === '' || (line.startsWith('#') && !block.split('\n').includes(`  ${line}`))
  return isBare ? line : `  ${line}`
}

function listOf(value: unknown): readonly string[] | undefined {
  if (value === undefined || value === null) return undefined
  return (Array.isArray(value) ? value : [value]).map(String)
}
