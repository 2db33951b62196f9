import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseAllDocuments,
  type Document,
  type Pair,
  type YAMLMap,
} from 'yaml'
import type { Position, Problem } from '../errors.ts'
import { separators, type Place } from './place.ts'

/** One setting of a product's YAML file, by its full dotted name, however it is spelled there. */
export interface Setting {
  readonly name: string
  readonly value: unknown
  /** A scalar as it is written, without quotes; undefined for a list or an empty map. */
  readonly text: string | undefined
  readonly position: Position
}

export interface SettingsFile {
  readonly settings: ReadonlyMap<string, Setting>
  /** Broken YAML, tabs between key and value, settings that stand twice. */
  readonly problems: readonly Problem[]
}

/** Reads a settings file; dotted and nested spellings are one setting. Never throws. */
export function readSettings(text: string, file: string): SettingsFile {
  const { entries, problems } = parseSettings(text, file)
  return { settings: new Map(entries.map((entry) => [entry.name, entry])), problems }
}

export interface Entry extends Setting {
  /** From the root map down; the last is the setting's own pair. Undefined when it comes from an alias or a merge. */
  readonly path: readonly Place[] | undefined
}

export interface Parsed {
  readonly root: YAMLMap | undefined
  readonly entries: readonly Entry[]
  readonly problems: readonly Problem[]
}

export function parseSettings(text: string, file: string): Parsed {
  const lines = new LineCounter()
  const parsed = parseAllDocuments(text, {
    version: '1.1',
    merge: true,
    // Doubles are ours to report: with the lines of both, and across spellings.
    uniqueKeys: false,
    keepSourceTokens: true,
    prettyErrors: false,
    lineCounter: lines,
    intAsBigInt: true,
  })
  const documents: readonly Document[] = Array.isArray(parsed) ? parsed : []
  const position = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  const problems: Problem[] = documents.flatMap((document) =>
    document.errors.map((error) => ({
      message: `Not valid YAML: ${error.message.split('\n')[0] ?? ''}`,
      position: position(error.pos[0]),
    })),
  )
  const [first, second] = documents
  if (second !== undefined) {
    problems.push({
      message: 'A settings file holds one YAML document only',
      position: position(second.range?.[0] ?? 0),
    })
  }
  const contents = first?.contents ?? undefined
  const empty = contents === undefined || (isScalar(contents) && contents.value === null)
  if (problems.length > 0 || empty || first === undefined) return { root: undefined, entries: [], problems }
  if (!isMap(contents)) {
    const message = 'A settings file is a map of names and values'
    return { root: undefined, entries: [], problems: [{ message, position: position(contents.range?.[0] ?? 0) }] }
  }
  const walk: Walk = { document: first, position, entries: [], problems }
  collect(contents, walk, { prefix: '', path: [] })
  return { root: contents, entries: walk.entries, problems: [...problems, ...doubles(walk.entries)] }
}

interface Walk {
  readonly document: Document
  readonly position: (offset: number) => Position
  readonly entries: Entry[]
  readonly problems: Problem[]
}

function collect(map: YAMLMap, walk: Walk, at: { prefix: string; path: readonly Place[] }): void {
  for (const pair of map.items) {
    const key = isScalar(pair.key) ? pair.key : undefined
    const position = walk.position(key?.range?.[0] ?? map.range?.[0] ?? 0)
    if (key === undefined) {
      walk.problems.push({ message: 'The name of a setting is a plain word', position })
      continue
    }
    noteTab(pair, walk, position)
    const path = [...at.path, { map, pair }]
    if (typeof key.value === 'symbol' || key.source === '<<') {
      collectForeign(resolved(pair.value, walk), walk, { prefix: at.prefix, position })
      continue
    }
    const name = at.prefix + (key.source ?? String(key.value))
    if (isAlias(pair.value)) {
      collectForeign(resolved(pair.value, walk), walk, { prefix: name, position })
    } else if (isMap(pair.value) && pair.value.items.length > 0) {
      collect(pair.value, walk, { prefix: `${name}.`, path })
    } else {
      walk.entries.push({ name, ...valueOf(pair.value, walk), position, path })
    }
  }
}

/** What an alias or a merge key brings in: it can be read here, but not changed here. */
function collectForeign(value: unknown, walk: Walk, at: { prefix: string; position: Position }): void {
  if (!isGroup(value)) {
    if (at.prefix === '' || at.prefix.endsWith('.')) return
    const text = typeof value === 'string' ? value : JSON.stringify(plain(value))
    walk.entries.push({ name: at.prefix, value: plain(value), text, position: at.position, path: undefined })
    return
  }
  const prefix = at.prefix === '' || at.prefix.endsWith('.') ? at.prefix : `${at.prefix}.`
  for (const [key, item] of Object.entries(value)) {
    collectForeign(item, walk, { prefix: `${prefix}${key}`, position: at.position })
  }
}

function isGroup(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

function resolved(node: unknown, walk: Walk): unknown {
  if (isAlias(node)) return node.resolve(walk.document)?.toJS(walk.document)
  return isMap(node) || isSeq(node) ? node.toJS(walk.document) : undefined
}

function valueOf(node: unknown, walk: Walk): { value: unknown; text: string | undefined } {
  if (isScalar(node)) {
    const value = typeof node.value === 'bigint' ? Number(node.value) : node.value
    return { value, text: node.source ?? String(value) }
  }
  if (isMap(node) || isSeq(node)) return { value: plain(node.toJS(walk.document)), text: undefined }
  return { value: null, text: '' }
}

function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (Array.isArray(value)) return value.map(plain)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]))
}

/** SnakeYAML, which Elasticsearch uses, dies of a tab where this parser still reads blanks. */
function noteTab(pair: Pair, walk: Walk, position: Position): void {
  const tab = separators(pair).find((token) => token.type === 'space' && token.source.includes('\t'))
  if (tab === undefined) return
  walk.problems.push({
    message: 'A tab stands between a setting and its value',
    position: tab.offset === undefined ? position : walk.position(tab.offset),
    hint: 'Use blanks: Elasticsearch does not start with a tab there',
  })
}

function doubles(entries: readonly Entry[]): Problem[] {
  const seen = new Map<string, Entry>()
  return entries.flatMap((entry) => {
    const first = seen.get(entry.name)
    seen.set(entry.name, first ?? entry)
    if (first === undefined) return []
    return [
      {
        message: `"${entry.name}" is set twice, in lines ${first.position.line} and ${entry.position.line}`,
        position: entry.position,
        hint: 'Remove one of the two; a dotted and a nested spelling are the same setting',
      },
    ]
  })
}
