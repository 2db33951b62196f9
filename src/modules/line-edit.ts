import { expandTemplate, searchLine } from './python-regexp.ts'

/** What lineinfile is to do to a text; the meaning of each part is Ansible's. */
export interface LineEdit {
  readonly line: string
  readonly regexp?: RegExp | undefined
  readonly searchString?: string | undefined
  readonly insertAfter?: RegExp | 'EOF' | 'BOF' | undefined
  readonly insertBefore?: RegExp | 'BOF' | undefined
  readonly backrefs: boolean
  readonly firstMatch: boolean
}

/** The text with the line in it. Follows Ansible's own order of decisions, step by step. */
export function putLine(before: string, edit: LineEdit): string {
  const lines = splitKeepingEnds(before)
  const search = findLine(lines, edit)
  if (search !== undefined) return replaceAt(lines, search.index, newLine(edit, search.match))
  const anchor = findAnchor(lines, edit)
  if (anchor.exact !== undefined) return replaceAt(lines, anchor.exact, withEnd(edit.line))
  if (edit.backrefs) return before
  return insertLine(lines, edit, anchor.index)
}

/** The text without the lines that match, and how many they were. */
export function dropLines(
  before: string,
  what: {
    readonly line?: string | undefined
    readonly regexp?: RegExp | undefined
    readonly searchString?: string | undefined
  },
): { readonly after: string; readonly found: number } {
  const lines = splitKeepingEnds(before)
  const kept = lines.filter((line) => {
    if (what.regexp !== undefined) return searchLine(what.regexp, line) === undefined
    if (what.searchString !== undefined) return !line.includes(what.searchString)
    return bare(line) !== what.line
  })
  return { after: kept.join(''), found: lines.length - kept.length }
}

/** Lines with their ends, as Python's readlines: only `\n` ends a line. */
export function splitKeepingEnds(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? []
}

function findLine(lines: readonly string[], edit: LineEdit): { index: number; match?: RegExpExecArray } | undefined {
  let found: { index: number; match?: RegExpExecArray } | undefined
  for (const [index, line] of lines.entries()) {
    const match = edit.regexp === undefined ? undefined : searchLine(edit.regexp, line)
    const hit = match !== undefined || (edit.searchString !== undefined && line.includes(edit.searchString))
    if (!hit) continue
    found = { index, ...(match === undefined ? {} : { match }) }
    if (edit.firstMatch) break
  }
  return found
}

/** Where the line itself stands already, or else the place that insertafter or insertbefore names. */
function findAnchor(lines: readonly string[], edit: LineEdit): { exact?: number; index: number | undefined } {
  const pattern = edit.insertAfter instanceof RegExp ? edit.insertAfter : edit.insertBefore
  let exact: number | undefined
  let index: number | undefined
  for (const [at, line] of lines.entries()) {
    if (bare(line) === edit.line) exact = at
    else if (pattern instanceof RegExp && searchLine(pattern, line) !== undefined) {
      index = edit.insertAfter === undefined ? at : at + 1
      if (edit.firstMatch) break
    }
  }
  return { ...(exact === undefined ? {} : { exact }), index }
}

function insertLine(lines: readonly string[], edit: LineEdit, anchor: number | undefined): string {
  if (edit.insertBefore === 'BOF' || edit.insertAfter === 'BOF') return [withEnd(edit.line), ...lines].join('')
  const at = edit.insertAfter === 'EOF' ? undefined : anchor
  if (at === undefined || at >= lines.length) {
    const last = lines.at(-1)
    // A lone CR ends no line for whoever reads the file; Ansible takes it for one and adds the line again each time.
    const gap = last === undefined || last.endsWith('\n') ? '' : '\n'
    return `${lines.join('')}${gap}${withEnd(edit.line)}`
  }
  if (edit.insertAfter !== undefined && bare(lines[at] ?? '') === edit.line) return lines.join('')
  return [...lines.slice(0, at), withEnd(edit.line), ...lines.slice(at)].join('')
}

function newLine(edit: LineEdit, match: RegExpExecArray | undefined): string {
  return withEnd(edit.backrefs && match !== undefined ? expandTemplate(edit.line, match) : edit.line)
}

function replaceAt(lines: readonly string[], index: number, line: string): string {
  return lines.map((old, at) => (at === index ? line : old)).join('')
}

function withEnd(line: string): string {
  return line.endsWith('\n') ? line : `${line}\n`
}

function bare(line: string): string {
  return line.replace(/[\r\n]+$/, '')
}
