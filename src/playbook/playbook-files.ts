import type { Playbook } from './playbook.ts'
import { includedFile, leaves, taskSections } from './walk.ts'

/** A playbook's file, and those whose plays and tasks it imports, or includes by a name that is the same for every host. */
export function playbookFiles({ file, plays }: Playbook): readonly string[] {
  const files = new Set([file])
  for (const play of plays) {
    files.add(play.position.file)
    for (const { item } of leaves([...taskSections(play), ...play.handlers])) {
      files.add(item.position.file)
      const included = item.kind === 'include' ? includedFile(item) : undefined
      if (included !== undefined) files.add(included)
    }
  }
  return [...files].sort()
}
