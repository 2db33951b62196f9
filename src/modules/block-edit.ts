import { splitKeepingEnds } from './line-edit.ts'
import { searchLine } from './python-regexp.ts'

/** What blockinfile is to do to a text; the meaning of each part is Ansible's. */
export interface BlockEdit {
  /** Whether a block is wanted at all: the empty lines around its place are then, even of an empty block. */
  readonly present: boolean
  /** Empty: the block and its markers go. */
  readonly block: string
  readonly beginMarker: string
  readonly endMarker: string
  readonly insertAfter?: RegExp | 'EOF' | undefined
  readonly insertBefore?: RegExp | 'BOF' | undefined
  readonly prependNewline: boolean
  readonly appendNewline: boolean
}

/** The text with the block between its markers, at the place where it was or where it belongs. */
export function putBlock(before: string, edit: BlockEdit): string {
  const { lines, at } = withoutBlock(splitKeepingEnds(before), edit)
  const filled = edit.present && edit.block !== ''
  const body = filled && !edit.block.endsWith('\n') ? `${edit.block}\n` : edit.block
  const block = filled ? [`${edit.beginMarker}\n`, ...splitKeepingEnds(body), `${edit.endMarker}\n`] : []
  const head = lines.slice(0, at)
  const tail = lines.slice(at)
  const last = head.at(-1)
  if (last !== undefined && !last.endsWith('\n')) head[head.length - 1] = `${last}\n`
  if (edit.prependNewline && edit.present && last !== undefined && head.at(-1) !== '\n') head.push('\n')
  if (edit.appendNewline && edit.present && tail[0] !== undefined && tail[0] !== '\n') tail.unshift('\n')
  return [...head, ...block, ...tail].join('')
}

function withoutBlock(lines: readonly string[], edit: BlockEdit): { lines: readonly string[]; at: number } {
  const begin = lines.lastIndexOf(`${edit.beginMarker}\n`)
  const end = lines.lastIndexOf(`${edit.endMarker}\n`)
  if (begin === -1 || end === -1) return { lines, at: placeFor(lines, edit) }
  const [first, last] = begin < end ? [begin, end] : [end, begin]
  return { lines: [...lines.slice(0, first), ...lines.slice(last + 1)], at: first }
}

function placeFor(lines: readonly string[], { insertAfter, insertBefore }: BlockEdit): number {
  if (insertBefore === 'BOF') return 0
  const pattern = insertAfter instanceof RegExp ? insertAfter : insertBefore
  if (!(pattern instanceof RegExp)) return lines.length
  const found = lines.findLastIndex((line) => searchLine(pattern, line) !== undefined)
  if (found === -1) return lines.length
  return insertAfter instanceof RegExp ? found + 1 : found
}
