import {
  type Alias,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseAllDocuments,
  type Document,
  type Node,
} from 'yaml'
import type { Position, Problem } from './errors.ts'

/**
 * YAML as the user wrote it: a tree in which every node knows its position and its tag. Ansible reads YAML 1.1
 * (PyYAML), so `yes` is true and `010` is 8 here too.
 */
export type YamlNode = YamlScalar | YamlList | YamlMap

export interface YamlScalar {
  readonly kind: 'scalar'
  readonly value: string | number | boolean | null
  /** The tag as written, such as `!vault` or `!unsafe`; undefined for a plain value. */
  readonly tag: string | undefined
  readonly position: Position
}

export interface YamlList {
  readonly kind: 'list'
  readonly items: readonly YamlNode[]
  readonly position: Position
}

export interface YamlMap {
  readonly kind: 'map'
  readonly entries: readonly YamlEntry[]
  readonly position: Position
}

export interface YamlEntry {
  readonly key: string
  readonly keyPosition: Position
  readonly value: YamlNode
}

export interface YamlSource {
  /** The first document's root, or undefined for an empty file. */
  readonly root: YamlNode | undefined
  readonly problems: readonly Problem[]
}

/** Parses one YAML document. Never throws: what is wrong is in `problems`, each with its position. */
export function parseYaml(text: string, file: string): YamlSource {
  const lines = new LineCounter()
  const documents = parseAllDocuments(text, {
    lineCounter: lines,
    version: '1.1',
    merge: true,
    uniqueKeys: true,
    prettyErrors: false,
    customTags: (tags) => [...tags.filter((tag) => !isResolvedLikePyYaml(tag)), ...pyYamlTags, ...ansibleTags],
  })
  const list = Array.isArray(documents) ? documents : []
  const position = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  const problems: Problem[] = list.flatMap((document) =>
    [...document.errors, ...document.warnings].map((error) => ({
      message: `Not valid YAML: ${firstLine(error.message)}`,
      position: position(error.pos[0]),
    })),
  )
  const second = list[1]
  if (second !== undefined) {
    problems.push({ message: 'Only one YAML document is read from a file', position: position(second.range[0]) })
  }
  const first = list[0]
  if (first?.contents == null || problems.length > 0) return { root: undefined, problems }
  const root = convert(first.contents, { document: first, position, problems, open: new Set() })
  return { root: problems.length > 0 ? undefined : root, problems }
}

/** The plain value of a tree; tags are dropped and merge keys applied. */
export function yamlValue(node: YamlNode): unknown {
  switch (node.kind) {
    case 'scalar':
      return node.value
    case 'list':
      return node.items.map(yamlValue)
    case 'map':
      return Object.fromEntries(node.entries.map((entry) => [entry.key, yamlValue(entry.value)]))
  }
}

interface Conversion {
  readonly document: Document
  readonly position: (offset: number) => Position
  readonly problems: Problem[]
  /** The anchored nodes around: an alias of one of them has no end. */
  readonly open: Set<Node>
}

function convert(node: Node, context: Conversion): YamlNode {
  const position = context.position(node.range?.[0] ?? 0)
  if (isAlias(node)) return convertAlias(node, position, context)
  if (isMap(node)) return { kind: 'map', entries: convertEntries(node.items, context), position }
  if (isSeq(node)) {
    const items = node.items.map((item) => convert(item as Node, context))
    return { kind: 'list', items, position }
  }
  if (!isScalar(node)) return { kind: 'scalar', value: null, tag: undefined, position }
  const tag = node.tag?.startsWith('!') === true && !node.tag.startsWith('!!') ? node.tag : undefined
  return { kind: 'scalar', value: scalarValue(node.value), tag, position }
}

function convertAlias(alias: Alias, position: Position, context: Conversion): YamlNode {
  const target = alias.resolve(context.document)
  if (target !== undefined && !context.open.has(target)) {
    context.open.add(target)
    const node = convert(target, context)
    context.open.delete(target)
    return node
  }
  const message = target === undefined ? 'has no anchor' : 'contains itself'
  context.problems.push({ message: `Not valid YAML: the alias "*${alias.source}" ${message}`, position })
  return { kind: 'scalar', value: null, tag: undefined, position }
}

function convertEntries(items: readonly { key: unknown; value: unknown }[], context: Conversion): YamlEntry[] {
  const entries = new Map<string, YamlEntry>()
  const merged = new Map<string, YamlEntry>()
  for (const item of items) {
    const keyNode = item.key as Node
    const keyPosition = context.position(keyNode.range?.[0] ?? 0)
    const value: YamlNode =
      item.value === null || item.value === undefined
        ? { kind: 'scalar', value: null, tag: undefined, position: keyPosition }
        : convert(item.value as Node, context)
    const key = isScalar(keyNode) ? keyText(keyNode.value, keyNode.source) : keyNode.toString()
    if (key === '<<' && isScalar(keyNode) && keyNode.type === 'PLAIN') mergeEntries(value, merged)
    else entries.set(key, { key, keyPosition, value })
  }
  return [...new Map([...merged, ...entries]).values()]
}

function mergeEntries(value: YamlNode, into: Map<string, YamlEntry>): void {
  const maps = value.kind === 'list' ? value.items : [value]
  for (const map of maps) {
    if (map.kind !== 'map') continue
    for (const entry of map.entries) if (!into.has(entry.key)) into.set(entry.key, entry)
  }
}

function keyText(value: unknown, source: string | undefined): string {
  if (typeof value === 'string') return value
  if (typeof value === 'symbol') return '<<'
  return source ?? String(value)
}

function scalarValue(value: unknown): string | number | boolean | null {
  if (value === null || value === undefined) return null
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value
  if (typeof value === 'bigint') return Number(value)
  if (value instanceof Date) return value.toISOString()
  return JSON.stringify(value)
}

/** Tags of Ansible's own: the text is kept, the reader of the tree decides what the tag means. */
const ansibleTags = ['!vault', '!vault-encrypted', '!unsafe'].map((tag) => ({ tag, resolve: (text: string) => text }))

/*
 * Which plain words are no text, as PyYAML's resolver.py has it; the yaml package's YAML 1.1 also takes `y`, `08` and
 * `1e3`. Dates stay text: that is what Ansible prints of them.
 */
const pyYamlTags = [
  {
    tag: 'tag:yaml.org,2002:bool',
    default: true,
    test: /^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/,
    resolve: (text: string) => /^(?:yes|true|on)$/i.test(text),
  },
  {
    tag: 'tag:yaml.org,2002:int',
    default: true,
    test: /^[-+]?(?:0b[01_]+|0[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+|[1-9][0-9_]*(?::[0-5]?[0-9])+)$/,
    resolve: wholeNumber,
  },
  {
    tag: 'tag:yaml.org,2002:float',
    default: true,
    test: /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/,
    resolve: fraction,
  },
]

function isResolvedLikePyYaml(tag: unknown): boolean {
  const name = typeof tag === 'string' ? tag : (tag as { tag?: string }).tag
  return ['bool', 'int', 'float', 'timestamp'].some((word) => name === `tag:yaml.org,2002:${word}`)
}

/** Beyond 2^53 a number would change its digits; then they stay text. */
function wholeNumber(text: string): number | string {
  const digits = text.replace(/^[-+]/, '').replaceAll('_', '')
  const value = digits.includes(':') ? BigInt(sexagesimal(digits)) : BigInt(digits.replace(/^0(?=[0-7])/, '0o'))
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) return text.startsWith('-') ? `-${String(value)}` : String(value)
  return text.startsWith('-') ? 0 - Number(value) : Number(value)
}

function fraction(text: string): number {
  const digits = text.replace(/^[-+]/, '').replaceAll('_', '').toLowerCase()
  if (digits === '.nan') return NaN
  const value = digits === '.inf' ? Infinity : digits.includes(':') ? sexagesimal(digits) : Number(digits)
  return text.startsWith('-') ? -value : value
}

function sexagesimal(text: string): number {
  return text.split(':').reduce((value, part) => value * 60 + Number(part), 0)
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? text
}
