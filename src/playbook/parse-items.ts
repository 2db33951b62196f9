import { isTemplate } from '../vars/template.ts'
import type { YamlMap, YamlNode } from '../yaml-source.ts'
import { plainName } from './catalogue.ts'
import { Keywords } from './keywords.ts'
import { commonKeywords, conditionalKeywords, parseCommon, refuseUnknown } from './parse-common.ts'
import { report, type ParseContext } from './parse-context.ts'
import { parseLoop } from './parse-loop.ts'
import { parseTask } from './parse-task.ts'
import type { Block, IncludeTasks, Item } from './playbook.ts'
import { openImport, readRoot } from './read-file.ts'

export type ItemKind = 'task' | 'handler'

/** A list of tasks, blocks, includes and imports. */
export function parseItems(node: YamlNode | undefined, kind: ItemKind, context: ParseContext): readonly Item[] {
  if (node === undefined || (node.kind === 'scalar' && node.value === null)) return []
  if (node.kind !== 'list') {
    report(context, 'Tasks must be a list', node.position)
    return []
  }
  return node.items.flatMap((item) => {
    if (item.kind === 'map') return parseItem(item, kind, context) ?? []
    report(context, 'A task must be a mapping', item.position)
    return []
  })
}

function parseItem(map: YamlMap, kind: ItemKind, context: ParseContext): Item | undefined {
  const keywords = new Keywords(map, context)
  if (keywords.has('block')) return parseBlock(keywords, kind)
  for (const lonely of ['rescue', 'always']) {
    if (!keywords.has(lonely)) continue
    report(context, `"${lonely}" is of no use without "block"`, keywords.position(lonely))
    return undefined
  }
  const key = (name: string) => map.entries.find((entry) => plainName(entry.key) === name)?.key
  const include = key('include_tasks')
  if (include !== undefined) return parseInclude(keywords, include)
  const imported = key('import_tasks')
  return imported === undefined ? parseTask(keywords, kind) : parseImport(keywords, imported, kind)
}

function parseBlock(keywords: Keywords, kind: ItemKind): Block {
  const { context, map } = keywords
  refuseUnknown(keywords, 'a block', [...commonKeywords, ...conditionalKeywords, 'block', 'rescue', 'always'])
  return {
    kind: 'block',
    name: keywords.text('name') ?? '',
    position: map.position,
    common: parseCommon(keywords),
    block: parseItems(keywords.node('block'), kind, context),
    rescue: parseItems(keywords.node('rescue'), kind, context),
    always: parseItems(keywords.node('always'), kind, context),
  }
}

function parseInclude(keywords: Keywords, key: string): IncludeTasks | undefined {
  const { context, map } = keywords
  refuseUnknown(keywords, `"${key}"`, [...commonKeywords, ...conditionalKeywords, 'loop', 'loop_control', key])
  const file = taskFile(keywords, key)
  if (file === undefined) return undefined
  return {
    kind: 'include',
    name: keywords.text('name') ?? key,
    position: map.position,
    common: parseCommon(keywords),
    file,
    folder: context.folder,
    loop: parseLoop(keywords),
  }
}

/** A static import is a block of the file's tasks: what it says itself is handed down to each of them. */
function parseImport(keywords: Keywords, key: string, kind: ItemKind): Block | undefined {
  const { context, map } = keywords
  if (keywords.has('loop')) {
    report(context, `"${key}" cannot loop`, keywords.position('loop'), 'Use "include_tasks"')
  }
  refuseUnknown(keywords, `"${key}"`, [...commonKeywords, ...conditionalKeywords, 'loop', key])
  const written = taskFile(keywords, key)
  if (written === undefined) return undefined
  if (isTemplate(written)) {
    report(context, `"${key}" cannot have a template`, keywords.position(key), 'Use "include_tasks"')
    return undefined
  }
  const inner = openImport(written, keywords.position(key), context)
  if (inner === undefined) return undefined
  return {
    kind: 'block',
    name: keywords.text('name') ?? '',
    position: map.position,
    common: parseCommon(keywords),
    block: parseItems(readRoot(inner.text, inner.context), kind, inner.context),
    rescue: [],
    always: [],
  }
}

/** `include_tasks: file` or `include_tasks: {file: …}`. */
function taskFile(keywords: Keywords, key: string): string | undefined {
  const { context } = keywords
  const node = keywords.node(key)
  if (node?.kind !== 'map') {
    const text = keywords.text(key)
    if (text === undefined) report(context, `"${key}" needs a file`, keywords.position(key))
    return text
  }
  const inner = new Keywords(node, context)
  refuseUnknown(inner, `"${key}"`, ['file'])
  const text = inner.text('file')
  if (text === undefined) report(context, `"${key}" needs a file`, keywords.position(key))
  return text
}
