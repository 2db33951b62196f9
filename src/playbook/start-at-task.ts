import type { Block, Item, Play } from './playbook.ts'
import { isSelected, type TagSelection } from './select-tags.ts'

/** `--start-at-task`: a task's name, or a pattern with `*`, `?` and `[…]`, as Python's fnmatch reads it. */
export function matchesTaskName(name: string, pattern: string): boolean {
  return name === pattern || globExpression(pattern).test(name)
}

function globExpression(pattern: string): RegExp {
  const source = pattern.replace(/\[!?[^\]]+\]|[\s\S]/g, (piece) => {
    if (piece === '*') return '.*'
    if (piece === '?') return '.'
    if (piece.length > 1) return piece.replace(/^\[!/, '[^').replaceAll('\\', '\\\\')
    return piece.replace(/[\\^$.+(){}|[\]]/g, '\\$&')
  })
  return new RegExp(`^(?:${source})$`, 's')
}

/**
 * The rest of a play from the first selected task of that name on; undefined when it has none. As in Ansible, a task of
 * a rescue or of an included file is no place to start at. Unlike there, every batch starts at it, not only the first.
 */
export function startAt(play: Play, pattern: string, selection: TagSelection): Play | undefined {
  const rest = (items: readonly Item[]) => restOf(items, play.common.tags, { pattern, selection })
  const preTasks = rest(play.preTasks)
  if (preTasks !== undefined) return { ...play, preTasks }
  const tasks = rest(play.tasks)
  if (tasks !== undefined) return { ...play, preTasks: [], tasks }
  const postTasks = rest(play.postTasks)
  return postTasks === undefined ? undefined : { ...play, preTasks: [], tasks: [], postTasks }
}

interface Start {
  readonly pattern: string
  readonly selection: TagSelection
}

function restOf(items: readonly Item[], outer: readonly string[], start: Start): readonly Item[] | undefined {
  for (const [index, item] of items.entries()) {
    const tags = [...outer, ...item.common.tags]
    const first =
      item.kind === 'block' ? restOfBlock(item, tags, start) : startsAt(item, tags, start) ? item : undefined
    if (first !== undefined) return [first, ...items.slice(index + 1)]
  }
  return undefined
}

function startsAt(item: Item, tags: readonly string[], { pattern, selection }: Start): boolean {
  return matchesTaskName(item.name, pattern) && isSelected(tags, selection)
}

function restOfBlock(item: Block, tags: readonly string[], start: Start): Block | undefined {
  const block = restOf(item.block, tags, start)
  if (block !== undefined) return { ...item, block }
  const always = restOf(item.always, tags, start)
  return always === undefined ? undefined : { ...item, block: [], rescue: [], always }
}
