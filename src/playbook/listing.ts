import type { Play, Playbook } from './playbook.ts'
import { isSelected, type TagSelection } from './select-tags.ts'
import { leaves, taskSections, type Leaf } from './walk.ts'

export interface Listing {
  readonly show: readonly ('hosts' | 'tasks' | 'tags')[]
  /** The hosts of a play, `--limit` applied. */
  readonly hosts: (play: Play) => readonly string[]
  readonly selection: TagSelection
}

/** What `--list-hosts`, `--list-tasks` and `--list-tags` print, in ansible-playbook's form. */
export function listPlaybook(playbook: Playbook, listing: Listing): string {
  const plays = playbook.plays.map((play, index) => listPlay(play, index + 1, listing))
  return `\nplaybook: ${playbook.file}\n${plays.join('')}`
}

function listPlay(play: Play, number: number, listing: Listing): string {
  const { show } = listing
  const head = `\n  play #${number} (${play.hosts}): ${play.name}\tTAGS: [${play.common.tags.join(',')}]\n`
  const chosen = [...leaves(taskSections(play), play.common.tags)].filter(({ tags }) =>
    isSelected(tags, listing.selection),
  )
  return [
    head,
    show.includes('hosts') ? hostLines(play, listing.hosts(play)) : '',
    show.includes('tasks') ? taskLines(chosen) : '',
    show.includes('tags') ? tagLine(play, chosen) : '',
    show.includes('tasks') || show.includes('tags') ? '\n' : '',
  ].join('')
}

function hostLines(play: Play, hosts: readonly string[]): string {
  const pattern = play.hosts
    .split(',')
    .map((part) => `'${part.trim()}'`)
    .join(', ')
  return `    pattern: [${pattern}]\n    hosts (${hosts.length}):\n${hosts.map((host) => `      ${host}\n`).join('')}`
}

function taskLines(chosen: readonly Leaf[]): string {
  return `    tasks:\n${chosen.map(({ item, tags }) => `      ${item.name}\tTAGS: [${sorted(tags)}]\n`).join('')}`
}

function tagLine(play: Play, chosen: readonly Leaf[]): string {
  return `      TASK TAGS: [${sorted([...play.common.tags, ...chosen.flatMap((leaf) => leaf.tags)])}]\n`
}

function sorted(tags: readonly string[]): string {
  return [...new Set(tags)].sort().join(', ')
}
