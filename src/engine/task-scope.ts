import type { Inherited, Play } from '../playbook/playbook.ts'
import { createScope, type Layer, type Scope } from '../vars/scope.ts'
import { HostState } from './host-state.ts'
import { hostState, type RunContext } from './run-context.ts'

/** What surrounds a task when its variables are looked up. */
export interface TaskPlace {
  readonly play: Play
  /** Values of vars_files, later files last. */
  readonly varsFiles: readonly Readonly<Record<string, unknown>>[]
  readonly inherited: Inherited
  /** Hosts of the play and of the batch, for the magic variables. */
  readonly playHosts: readonly string[]
  readonly batchHosts: readonly string[]
  /** `item`, the index variable, and include_tasks' own. */
  readonly loop?: Readonly<Record<string, unknown>> | undefined
  /** Only a failure led here. */
  readonly rescue?: boolean | undefined
}

/** All variables of one host at one task, lowest layer first: the order of Ansible's precedence list. */
export function taskScope(context: RunContext, host: string, place: TaskPlace): Scope {
  const state = hostState(context, host, () => new HostState(host, context.check))
  const layers: Layer[] = [
    { values: context.variables.ofHost(host), trusted: true },
    { values: state.facts, trusted: false },
    { values: place.play.vars, trusted: true },
    ...place.varsFiles.map((values) => ({ values, trusted: true })),
    { values: place.inherited.vars, trusted: true },
    { values: state.registered, trusted: false },
    { values: place.loop ?? {}, trusted: false },
    { values: context.extraVars, trusted: true },
    { values: magicVariables(context, host, place), trusted: false },
  ]
  return createScope(layers, {
    vault: context.vault,
    onSecret: (secret) => context.redactor.add(secret),
    hostvars: (other) => (isKnown(context, other) ? taskScope(context, other, outsideOfTask(place)) : undefined),
    hostNames: () => [...context.inventory.hosts.keys()],
  })
}

/** Another host's view: its own facts and the play's variables, none of this task's. */
function outsideOfTask(place: TaskPlace): TaskPlace {
  return { ...place, inherited: { tags: [], vars: {}, when: [] }, loop: undefined }
}

function isKnown(context: RunContext, host: string): boolean {
  return context.inventory.hosts.has(host) || host === 'localhost'
}

function magicVariables(context: RunContext, host: string, place: TaskPlace): Record<string, unknown> {
  return {
    ...inventoryMagic(context, host),
    playbook_dir: context.playbookFolder,
    play_hosts: place.batchHosts,
    ansible_play_hosts: place.batchHosts.filter((name) => (context.hosts.get(name)?.condition ?? 'well') === 'well'),
    ansible_play_hosts_all: place.playHosts,
    ansible_play_batch: place.batchHosts,
    ansible_play_name: place.play.name,
    ansible_check_mode: context.check,
    ansible_diff_mode: context.diff,
    ansible_run_tags: context.selection.tags.length > 0 ? context.selection.tags : ['all'],
    ansible_skip_tags: context.selection.skipTags,
    ansible_forks: context.forks,
  }
}

/** What the inventory says, and the groups that group_by has added. A host outside the inventory sees its folder too. */
function inventoryMagic(context: RunContext, host: string): Record<string, unknown> {
  const magic = context.variables.magicOf(host)
  const [first] = context.inventory.hosts.keys()
  const place = magic.inventory_dir !== null || first === undefined ? magic : context.variables.magicOf(first)
  const own = { ...magic, inventory_dir: place.inventory_dir, inventory_file: place.inventory_file }
  if (context.dynamicGroups.size === 0) return own
  const groups: Record<string, readonly string[]> = { ...magic.groups }
  const names = new Set(magic.group_names)
  for (const [name, hosts] of context.dynamicGroups) {
    groups[name] = [...new Set([...(groups[name] ?? []), ...hosts])]
    if (hosts.has(host)) names.add(name)
  }
  return { ...own, groups, group_names: [...names].sort() }
}
