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
import { InputError, TaskError, type Position, type Problem } from './errors.ts'

/** What a setting can be given. Lists are written in flow style: `[a, b]`. */
export type SettingValue = string | number | boolean | null | readonly SettingValue[]

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

export interface SettingsEdit {
  readonly text: string
  /** Names of the settings that were added, replaced or removed. */
  readonly changed: readonly string[]
}

/** Reads a settings file; dotted and nested spellings are one setting. Never throws. */
export function readSettings(text: string, file: string): SettingsFile {
  const { entries, problems } = parseSettings(text, file)
  return { settings: new Map(entries.map((entry) => [entry.name, entry])), problems }
}

/**
 * Sets and removes (undefined) settings and keeps every other byte of the file: comments, blanks, line ends, a missing
 * last line end. A setting is changed where it stands; a new one becomes a dotted line beside its relatives, else at
 * the end. Throws an InputError when the file is broken or sets anything twice: Elasticsearch takes the later of two
 * spellings silently.
 */
export function editSettings(
  text: string,
  changes: Readonly<Record<string, SettingValue | undefined>>,
  file: string,
): SettingsEdit {
  const before = parseSettings(text, file)
  const problems = [...before.problems]
  if (problems.length === 0) problems.push(...unsuitable(before, changes))
  if (problems.length > 0) throw new InputError(problems)

  let edited = text
  const changed: string[] = []
  for (const [name, value] of Object.entries(changes)) {
    const next = editOne(edited, { name, value, file })
    if (next !== edited) changed.push(name)
    edited = next
  }
  verifyOnly(before, parseSettings(edited, file), changes)
  return { text: edited, changed }
}

interface Entry extends Setting {
  /** From the root map down; the last is the setting's own pair. Undefined when it comes from an alias or a merge. */
  readonly path: readonly Place[] | undefined
}

interface Place {
  readonly map: YAMLMap
  readonly pair: Pair
}

interface Parsed {
  readonly root: YAMLMap | undefined
  readonly entries: readonly Entry[]
  readonly problems: readonly Problem[]
}

interface Edit {
  readonly name: string
  readonly value: SettingValue | undefined
  readonly file: string
}

function parseSettings(text: string, file: string): Parsed {
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

interface Separator {
  readonly type: string
  readonly offset?: number
  readonly source: string
}

function separators(pair: Pair | undefined): readonly Separator[] {
  const token = pair?.srcToken as
    { readonly start?: readonly Separator[]; readonly sep?: readonly Separator[] } | undefined
  return [...(token?.start ?? []), ...(token?.sep ?? [])]
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

/** Why a change cannot be made in this file, found before anything is edited. */
function unsuitable(parsed: Parsed, changes: Readonly<Record<string, SettingValue | undefined>>): Problem[] {
  return Object.entries(changes).flatMap(([name, value]): Problem[] => {
    const entry = parsed.entries.find((candidate) => candidate.name === name)
    const inside = parsed.entries.find((candidate) => candidate.name.startsWith(`${name}.`))
    if (entry === undefined) {
      if (value === undefined || inside === undefined) return []
      const message = `"${name}" is a group of settings and cannot be given a value`
      return [{ message, position: inside.position }]
    }
    if (sameValue(entry, value)) return []
    const awkward = separators(entry.path?.at(-1)?.pair).some((token) =>
      ['anchor', 'tag', 'explicit-key-ind'].includes(token.type),
    )
    if (entry.path !== undefined && !awkward) return []
    const message = `"${name}" is written with an anchor, an alias or a tag and has to be changed by hand`
    return [{ message, position: entry.position }]
  })
}

/** Compares text, not types: Elasticsearch reads every value as text, and `"9200"` is no other port than `9200`. */
function sameValue(entry: Setting | undefined, value: SettingValue | undefined): boolean {
  if (entry === undefined) return value === undefined
  if (value === undefined) return false
  if (value === null) return entry.value === null
  if (typeof value === 'object') return JSON.stringify(entry.value) === JSON.stringify(value)
  return entry.value !== null && entry.text === String(value)
}

function editOne(text: string, edit: Edit): string {
  const parsed = parseSettings(text, edit.file)
  const entry = parsed.entries.find((candidate) => candidate.name === edit.name)
  if (sameValue(entry, edit.value)) return text
  if (edit.value === undefined) return entry?.path === undefined ? text : remove(text, entry.path)
  const last = entry?.path?.at(-1)
  return last === undefined ? add(text, parsed, edit) : replace(text, last, renderValue(edit.value))
}

function replace(text: string, place: Place, rendered: string): string {
  const value = place.pair.value as Ranged
  const colon = separators(place.pair).find((token) => token.type === 'map-value-ind')?.offset
  if (colon === undefined) {
    const end = keyRange(place.pair)[1]
    return splice(text, [end, end], `: ${rendered}`)
  }
  const [start, end] = value?.range ?? [colon + 1, colon + 1, colon + 1]
  const block = isSeq(value) && value.flow !== true
  if (start === end) return splice(text, [colon + 1, colon + 1], ` ${rendered}`)
  if (!block) return splice(text, [start, end - lineEndBefore(text, end)], rendered)
  // A list of lines: its lines go, and what stands behind the colon (a comment) stays.
  const from = lineEndAt(text, colon)
  const without = splice(text, [from, end - lineEndBefore(text, end)], '')
  return splice(without, [colon + 1, colon + 1], ` ${rendered}`)
}

function remove(text: string, path: readonly Place[]): string {
  // A group left empty would become a setting without a value.
  const depth = path.findLastIndex((place, index) => index === 0 || place.map.items.length > 1)
  const place = path[depth]
  if (place === undefined) return text
  const [start] = keyRange(place.pair)
  const end = pairEnd(place.pair)
  if (place.map.flow === true) return removeFromFlow(text, place, [start, end])
  const lineStart = text.lastIndexOf('\n', start - 1) + 1
  const from = lineStart === 0 && text.startsWith('\ufeff') ? 1 : lineStart
  const endOfLine = text[end - 1] === '\n' ? end : lineEndAt(text, end)
  const after = text[end - 1] === '\n' ? end : Math.min(text.length, text.indexOf('\n', endOfLine) + 1 || text.length)
  const cut = splice(text, [from, after], '')
  // The last line had no line end: then the new last line has none either.
  return after === text.length && !/\n$/.test(text) ? cut.replace(/\r?\n$/, '') : cut
}

function removeFromFlow(text: string, place: Place, [start, end]: readonly [number, number]): string {
  const index = place.map.items.indexOf(place.pair)
  const next = place.map.items[index + 1]
  const previous = place.map.items[index - 1]
  if (next !== undefined) return splice(text, [start, keyRange(next)[0]], '')
  return splice(text, [previous === undefined ? start : pairEnd(previous), end], '')
}

function add(text: string, parsed: Parsed, edit: Edit): string {
  const line = `${edit.name}: ${renderValue(edit.value ?? null)}`
  const eol = /\r\n/.test(text) ? '\r\n' : '\n'
  if (parsed.root?.flow === true) {
    const first = parsed.root.range?.[0] ?? 0
    return splice(text, [first + 1, first + 1], parsed.root.items.length > 0 ? `${line}, ` : line)
  }
  const relative = nearest(parsed, edit.name)
  const lastPair = parsed.root?.items.at(-1)
  const closed = /^\.\.\.[ \t]*(#.*)?\r?$/m.test(text)
  const pair = relative ?? (closed ? lastPair : undefined)
  const [firstStart] = parsed.root?.items[0] === undefined ? [0] : keyRange(parsed.root.items[0])
  const column = parsed.root === undefined ? 0 : firstStart - startOfLine(text, firstStart)
  const indented = ' '.repeat(column) + line
  if (pair === undefined) {
    if (text === '' || text === '\ufeff') return text + indented + eol
    return /\n$/.test(text) ? text + indented + eol : text + eol + indented
  }
  const end = pairEnd(pair)
  if (text[end - 1] === '\n') return splice(text, [end, end], indented + eol)
  const lineEnd = lineEndAt(text, end)
  return splice(text, [lineEnd, lineEnd], eol + indented)
}

/** The last top-level pair that shares most of the name's leading words. */
function nearest(parsed: Parsed, name: string): Pair | undefined {
  let best: Pair | undefined
  let most = 1
  for (const entry of parsed.entries) {
    const shared = sharedWords(entry.name, name)
    if (entry.path === undefined || shared < most) continue
    most = shared
    best = entry.path[0]?.pair
  }
  return best
}

function sharedWords(left: string, right: string): number {
  const words = right.split('.')
  const different = left.split('.').findIndex((word, index) => word !== words[index])
  return different === -1 ? words.length : different
}

function verifyOnly(before: Parsed, after: Parsed, changes: Readonly<Record<string, SettingValue | undefined>>): void {
  const left = new Map(before.entries.map((entry) => [entry.name, entry]))
  const right = new Map(after.entries.map((entry) => [entry.name, entry]))
  const wrong = [...new Set([...left.keys(), ...right.keys()])].filter((name) => {
    const [was, is] = [left.get(name), right.get(name)]
    if (Object.hasOwn(changes, name)) return !sameValue(is, changes[name])
    return was?.text !== is?.text || JSON.stringify(was?.value) !== JSON.stringify(is?.value)
  })
  const missing = Object.entries(changes).filter(([name, value]) => !sameValue(right.get(name), value))
  const problem = after.problems[0]
  if (wrong.length === 0 && missing.length === 0 && problem === undefined) return
  const name = wrong[0] ?? missing[0]?.[0] ?? ''
  throw new TaskError(`Cannot edit the file without disturbing ${name === '' ? 'its structure' : `"${name}"`}`, {
    position: left.get(name)?.position ?? problem?.position,
    hint: 'Change this setting by hand; nothing was written',
  })
}

type Ranged = { readonly range?: readonly [number, number, number] | null | undefined } | null | undefined

function keyRange(pair: Pair): readonly [number, number, number] {
  return (pair.key as Ranged)?.range ?? [0, 0, 0]
}

/** Where the pair's text ends; behind the line end when its value is a block. */
function pairEnd(pair: Pair): number {
  const colon = separators(pair).find((token) => token.type === 'map-value-ind')?.offset
  const empty = colon === undefined ? keyRange(pair)[1] : colon + 1
  const range = (pair.value as Ranged)?.range
  return range === undefined || range === null || range[0] === range[1] ? empty : range[1]
}

function startOfLine(text: string, offset: number): number {
  const start = text.lastIndexOf('\n', offset - 1) + 1
  return start === 0 && text.startsWith('\ufeff') ? 1 : start
}

/** The offset of the line end (CR LF or LF) behind `offset`, or the end of the text. */
function lineEndAt(text: string, offset: number): number {
  const lf = text.indexOf('\n', offset)
  if (lf === -1) return text.length
  return text[lf - 1] === '\r' && lf - 1 >= offset ? lf - 1 : lf
}

/** How many characters of line end stand right before `offset`. */
function lineEndBefore(text: string, offset: number): number {
  return /\r?\n$/.exec(text.slice(Math.max(0, offset - 2), offset))?.[0].length ?? 0
}

function splice(text: string, [from, to]: readonly [number, number], replacement: string): string {
  return text.slice(0, from) + replacement + text.slice(to)
}

const notPlain = /^(y|n|yes|no|on|off|true|false|null)$/i

/** A value as every reader of these files takes it: Elasticsearch (SnakeYAML), Kibana (js-yaml), Beats (go-yaml). */
function renderValue(value: SettingValue): string {
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (typeof value === 'object') return `[${value.map(renderValue).join(', ')}]`
  if (/^[A-Za-z_/][\w./-]*$/.test(value) && !notPlain.test(value)) return value
  return JSON.stringify(value).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
