import type { YamlMap, YamlNode } from '../yaml-source.ts'
import { Keywords } from './keywords.ts'
import { commonKeywords, parseCommon, refuseUnknown } from './parse-common.ts'
import { report, type ParseContext } from './parse-context.ts'
import { parseItems } from './parse-items.ts'
import { nearestName, plainName } from './catalogue.ts'
import type { Play, Roll } from './playbook.ts'
import { rawMap } from './raw-value.ts'
import { openImport, readRoot } from './read-file.ts'

const orders = ['inventory', 'reverse_inventory', 'sorted', 'reverse_sorted', 'shuffle'] as const

const playKeywords = [
  ...commonKeywords,
  'hosts',
  'serial',
  'order',
  'max_fail_percentage',
  'any_errors_fatal',
  'gather_facts',
  'vars_files',
  'pre_tasks',
  'tasks',
  'post_tasks',
  'handlers',
  'roll',
]

/** All plays of a file, those of imported playbooks in their place. */
export function parsePlays(root: YamlNode | undefined, context: ParseContext): readonly Play[] {
  if (root === undefined) return []
  if (root.kind !== 'list') {
    report(context, 'A playbook must be a list of plays', root.position)
    return []
  }
  return root.items.flatMap((node) => {
    if (node.kind !== 'map') {
      report(context, 'A play must be a mapping', node.position)
      return []
    }
    const imported = node.entries.find((entry) => plainName(entry.key) === 'import_playbook')?.key
    return imported === undefined ? [parsePlay(node, context)] : importPlaybook(node, imported, context)
  })
}

function parsePlay(map: YamlMap, context: ParseContext): Play {
  const keywords = new Keywords(map, context)
  refuseUnknown(keywords, 'a play', playKeywords)
  const hosts = keywords.texts('hosts').join(',')
  if (hosts === '' && !keywords.has('hosts')) report(context, 'The play has no "hosts"', map.position)
  else if (hosts === '') report(context, '"hosts" must not be empty', keywords.position('hosts'))
  const common = parseCommon(keywords)
  const vars = keywords.node('vars')
  return {
    name: keywords.text('name') ?? hosts,
    hosts,
    position: map.position,
    serial: serial(keywords),
    order: order(keywords),
    maxFailPercentage: keywords.raw('max_fail_percentage'),
    anyErrorsFatal: keywords.flag('any_errors_fatal', false),
    gatherFacts: keywords.flag('gather_facts', true),
    vars: vars === undefined ? {} : rawMap(vars, 'vars', context),
    varsFiles: keywords.texts('vars_files'),
    // The play's variables are a layer of their own, below facts set by tasks: not handed down with the keywords.
    common: { ...common, vars: {} },
    roll: roll(keywords),
    preTasks: parseItems(keywords.node('pre_tasks'), 'task', context),
    tasks: parseItems(keywords.node('tasks'), 'task', context),
    postTasks: parseItems(keywords.node('post_tasks'), 'task', context),
    handlers: parseItems(keywords.node('handlers'), 'handler', context),
    folder: context.folder,
  }
}

function serial(keywords: Keywords): Play['serial'] {
  const sizes = keywords.texts('serial')
  for (const size of sizes) {
    if (/^\d+%?$/.test(size) || size.includes('{{')) continue
    report(keywords.context, `"serial" must be numbers or percentages, not "${size}"`, keywords.position('serial'))
  }
  return sizes.map((size) => (/^\d+$/.test(size) ? Number(size) : size))
}

function order(keywords: Keywords): Play['order'] {
  const written = keywords.text('order') ?? 'inventory'
  const known = orders.find((name) => name === written)
  if (known !== undefined) return known
  const hint = nearestName(written, orders) ?? `Known are ${orders.join(', ')}`
  report(keywords.context, `There is no order "${written}"`, keywords.position('order'), hint)
  return 'inventory'
}

function roll(keywords: Keywords): Roll | undefined {
  const { context } = keywords
  const node = keywords.node('roll')
  if (node === undefined) return undefined
  if (node.kind !== 'map') {
    report(context, '"roll" must be a mapping', node.position)
    return undefined
  }
  const inner = new Keywords(node, context)
  refuseUnknown(inner, '"roll"', ['order', 'gates', 'rollback', 'shard_allocation'])
  const written = inner.text('order')
  if (written !== undefined && written !== 'elastic') {
    report(context, `There is no roll order "${written}"`, inner.position('order'), 'Known is "elastic"')
  }
  return {
    order: written === 'elastic' ? 'elastic' : undefined,
    gates: inner.texts('gates'),
    rollback: inner.flag('rollback', false),
    shardAllocation: shardAllocation(inner),
    position: keywords.position('roll'),
  }
}

function shardAllocation(keywords: Keywords): Roll['shardAllocation'] {
  const written = keywords.text('shard_allocation')
  if (written === undefined || written === 'restored') return written
  const position = keywords.position('shard_allocation')
  report(keywords.context, `"shard_allocation" cannot be "${written}"`, position, 'Known is "restored"')
  return undefined
}

/** Variables, tags and conditions of the import go to each of its plays, as in Ansible. */
function importPlaybook(map: YamlMap, key: string, context: ParseContext): readonly Play[] {
  const keywords = new Keywords(map, context)
  refuseUnknown(keywords, `"${key}"`, ['name', 'vars', 'tags', 'when', key])
  const file = keywords.text(key)
  if (file === undefined) {
    report(context, `"${key}" needs a file`, keywords.position(key))
    return []
  }
  if (file.includes('{{')) {
    report(context, `"${key}" cannot have a template`, keywords.position(key))
    return []
  }
  const inner = openImport(file, keywords.position(key), context)
  if (inner === undefined) return []
  const { vars, tags, when } = parseCommon(keywords)
  return parsePlays(readRoot(inner.text, inner.context), inner.context).map((play) => ({
    ...play,
    vars: { ...play.vars, ...vars },
    common: { ...play.common, tags: [...tags, ...play.common.tags], when: [...when, ...play.common.when] },
  }))
}
