import { isAbsolute, join } from 'node:path'
import { isTemplate } from '../vars/template.ts'
import type { IncludeTasks, Item, Play, Task } from './playbook.ts'

/** A task or include with the tags it runs under: its own, those of its blocks and of its play. */
export interface Leaf {
  readonly item: Task | IncludeTasks
  readonly tags: readonly string[]
}

/** Tasks and includes in the order of the file; blocks are entered, rescue and always as well. */
export function* leaves(items: readonly Item[], tags: readonly string[] = []): Generator<Leaf> {
  for (const item of items) {
    const own = [...new Set([...tags, ...item.common.tags])]
    if (item.kind === 'block') {
      for (const part of [item.block, item.rescue, item.always]) yield* leaves(part, own)
    } else yield { item, tags: own }
  }
}

export function taskSections(play: Play): readonly Item[] {
  return [...play.preTasks, ...play.tasks, ...play.postTasks]
}

/** The absolute path of the file that is included, when it is the same for every host. */
export function includedFile(include: IncludeTasks): string | undefined {
  if (isTemplate(include.file)) return undefined
  return isAbsolute(include.file) ? include.file : join(include.folder, include.file)
}
