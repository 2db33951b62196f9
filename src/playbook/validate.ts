import type { Position, Problem } from '../errors.ts'
import type { Module } from '../modules/module.ts'
import { isTemplate } from '../vars/template.ts'
import { nearestName } from './catalogue.ts'
import { readTaskFile } from './load.ts'
import type { Item, Play, Playbook, RawValue, Task } from './playbook.ts'
import { startAt } from './start-at-task.ts'
import { includedFile, leaves, taskSections, type Leaf } from './walk.ts'

export interface Validation {
  readonly modules: ReadonlyMap<string, Module>
  /** Names that `roll.gates` may have. */
  readonly gates: readonly string[]
  /** What is wrong with a host pattern. */
  readonly hosts: (pattern: string, position: Position) => readonly Problem[]
  readonly tags: readonly string[]
  readonly skipTags: readonly string[]
  readonly startAtTask: string | undefined
}

/** Everything that can be known to be wrong with a parsed playbook before any host is touched. */
export function validatePlaybook(playbook: Playbook, validation: Validation): readonly Problem[] {
  const includes = new Includes(validation.modules)
  const perPlay = playbook.plays.flatMap((play) => [
    ...hostProblems(play, validation),
    ...gateProblems(play, validation),
    ...handlerProblems(play, includes),
  ])
  const all = playbook.plays.flatMap((play) => [...includes.leaves(taskSections(play), play.common.tags)])
  return [
    ...perPlay,
    ...includes.problems,
    ...tagProblems(playbook, all, { validation, certain: !includes.unknown }),
    ...startProblems(playbook, validation),
  ]
}

/** Task files that are the same for every host are read ahead, each once. */
class Includes {
  readonly problems: Problem[] = []
  /** Some file depends on variables: what is in it cannot be known. */
  unknown = false
  readonly #modules: ReadonlyMap<string, Module>
  readonly #read = new Map<string, readonly Item[]>()

  constructor(modules: ReadonlyMap<string, Module>) {
    this.#modules = modules
  }

  *leaves(items: readonly Item[], tags: readonly string[], open: readonly string[] = []): Generator<Leaf> {
    for (const leaf of leaves(items, tags)) {
      yield leaf
      if (leaf.item.kind !== 'include') continue
      const file = includedFile(leaf.item)
      if (file === undefined) this.unknown = true
      // A file may include itself under a condition.
      else if (!open.includes(file)) yield* this.leaves(this.#items(file, leaf.item.position), [], [...open, file])
    }
  }

  #items(file: string, position: Position): readonly Item[] {
    const known = this.#read.get(file)
    if (known !== undefined) return known
    const { items, problems } = readTaskFile(file, this.#modules)
    this.problems.push(...problems.map((problem) => ({ ...problem, position: problem.position ?? position })))
    this.#read.set(file, items)
    return items
  }
}

function hostProblems(play: Play, { hosts }: Validation): readonly Problem[] {
  return play.hosts === '' || isTemplate(play.hosts) ? [] : hosts(play.hosts, play.position)
}

function gateProblems({ roll }: Play, { gates }: Validation): readonly Problem[] {
  const unknown = roll?.gates.filter((gate) => !gates.includes(gate)) ?? []
  return unknown.map((gate) => ({
    message: `There is no gate "${gate}"`,
    position: roll?.position,
    hint: nearestName(gate, gates) ?? `Known are ${gates.join(', ')}`,
  }))
}

function handlerProblems(play: Play, includes: Includes): readonly Problem[] {
  const handlers = [...leaves(play.handlers)].map((leaf) => leaf.item)
  const names = handlers.flatMap((item) => [item.name, ...(item.kind === 'task' ? item.listen : [])])
  const notified = [...includes.leaves(taskSections(play), []), ...leaves(play.handlers)]
  if (names.some(isTemplate) || handlers.some((item) => item.kind === 'include')) return []
  return notified.flatMap(({ item }) => (item.kind === 'task' ? unknownHandlers(item, names) : []))
}

function unknownHandlers(task: Task, names: readonly string[]): readonly Problem[] {
  return texts(task.notify)
    .filter((name) => !isTemplate(name) && !names.includes(name))
    .map((name) => ({
      message: `There is no handler "${name}" in this play`,
      position: task.position,
      hint: nearestName(name, names),
    }))
}

function texts(value: RawValue): readonly string[] {
  const list = Array.isArray(value) ? (value as readonly RawValue[]) : [value]
  return list.filter((item) => typeof item === 'string')
}

const specialTags = ['all', 'tagged', 'untagged', 'always', 'never']

interface TagCheck {
  readonly validation: Validation
  readonly certain: boolean
}

function tagProblems(playbook: Playbook, all: readonly Leaf[], { validation, certain }: TagCheck): readonly Problem[] {
  if (!certain) return []
  const known = new Set([...playbook.plays.flatMap((play) => play.common.tags), ...all.flatMap((leaf) => leaf.tags)])
  if ([...known].some(isTemplate)) return []
  return [...validation.tags, ...validation.skipTags]
    .filter((tag) => !known.has(tag) && !specialTags.includes(tag))
    .map((tag) => ({ message: `No task has the tag "${tag}"`, hint: nearestName(tag, known) ?? knownTags(known) }))
}

function knownTags(known: ReadonlySet<string>): string {
  return known.size === 0 ? 'The playbook has no tags' : `Its tags are ${[...known].sort().join(', ')}`
}

function startProblems(playbook: Playbook, validation: Validation): readonly Problem[] {
  const { startAtTask } = validation
  if (startAtTask === undefined) return []
  if (playbook.plays.some((play) => startAt(play, startAtTask, validation) !== undefined)) return []
  const names = playbook.plays
    .flatMap((play) => [...leaves(taskSections(play))].map(({ item }) => item.name))
    .filter((name) => name !== startAtTask)
  const hint =
    nearestName(startAtTask, names) ?? 'elkseal run … --list-tasks shows them; those of include_tasks do not count'
  return [{ message: `There is no task "${startAtTask}" to start at`, hint }]
}
