export interface TagSelection {
  /** `--tags`; empty means `all`. */
  readonly tags: readonly string[]
  readonly skipTags: readonly string[]
}

/** Ansible's rule whether an item with these tags (its own and inherited ones) runs. */
export function isSelected(tags: readonly string[], selection: TagSelection): boolean {
  const own = new Set(tags.length === 0 ? ['untagged'] : tags)
  return isWanted(own, new Set(selection.tags.length === 0 ? ['all'] : selection.tags)) && !isSkipped(own, selection)
}

function isWanted(own: ReadonlySet<string>, asked: ReadonlySet<string>): boolean {
  if (own.has('always') || (asked.has('all') && !own.has('never'))) return true
  if ([...asked].some((tag) => own.has(tag))) return true
  return asked.has('tagged') && !own.has('untagged') && !own.has('never')
}

function isSkipped(own: ReadonlySet<string>, selection: TagSelection): boolean {
  const skipped = new Set(selection.skipTags)
  if (skipped.has('all')) return !own.has('always') || skipped.has('always')
  return [...skipped].some((tag) => own.has(tag)) || (skipped.has('tagged') && !own.has('untagged'))
}
