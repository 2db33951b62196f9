import { isSeq, type Pair } from 'yaml'
import { keyRange, pairEnd, separators, type Place, type Ranged } from './place.ts'
import type { Parsed } from './read-settings.ts'
import { renderValue, type SettingValue } from './setting-value.ts'

export function replaceValue(text: string, place: Place, rendered: string): string {
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

export function removePair(text: string, path: readonly Place[]): string {
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

export function addLine(
  text: string,
  parsed: Parsed,
  edit: { readonly name: string; readonly value: SettingValue },
): string {
  const line = `${edit.name}: ${renderValue(edit.value)}`
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

function removeFromFlow(text: string, place: Place, [start, end]: readonly [number, number]): string {
  const index = place.map.items.indexOf(place.pair)
  const next = place.map.items[index + 1]
  const previous = place.map.items[index - 1]
  if (next !== undefined) return splice(text, [start, keyRange(next)[0]], '')
  return splice(text, [previous === undefined ? start : pairEnd(previous), end], '')
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
