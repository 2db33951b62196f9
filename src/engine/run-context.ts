import type { Clock } from '../clock.ts'
import type { ConnectionPool } from '../connection/pool.ts'
import type { InventoryVariables } from '../inventory/inventory-variables.ts'
import type { Inventory } from '../inventory/inventory.ts'
import type { Module } from '../modules/module.ts'
import type { Playbook } from '../playbook/playbook.ts'
import type { Redactor } from '../secrets/redactor.ts'
import type { Vault } from '../secrets/vault.ts'
import type { ConnectionDefaults } from '../vars/connection-variables.ts'
import type { Listener } from './events.ts'
import type { HostState } from './host-state.ts'
import type { Interruption } from './interruption.ts'
import type { Journal } from './journal/journal.ts'
import type { RunLock } from './lock/run-lock.ts'
import type { PlanWatch } from './plan/plan-watch.ts'

/** Everything a run needs, made once by the command line. */
export interface RunContext {
  readonly id: string
  /** When a run that is resumed had begun; undefined in any other. */
  readonly resumedSince?: Date | undefined
  readonly playbook: Playbook
  readonly inventory: Inventory
  readonly modules: ReadonlyMap<string, Module>
  readonly selection: Selection
  readonly vault: Vault
  readonly redactor: Redactor
  readonly pool: ConnectionPool
  /** -u, --private-key, -b …: what variables and keywords may override. */
  readonly connectionDefaults: ConnectionDefaults
  readonly extraVars: Readonly<Record<string, unknown>>
  readonly check: boolean
  readonly diff: boolean
  /** How many hosts a task runs on at the same time. */
  readonly forks: number
  readonly clock: Clock
  readonly listen: Listener
  readonly interruption: Interruption
  readonly journal: Journal
  readonly lock: RunLock
  /** Only while a plan is made, compared or applied. */
  readonly plan?: PlanWatch | undefined
  readonly playbookFolder: string
  /** Where the user stood: what `@file` of --limit is relative to. */
  readonly startFolder: string
  readonly hosts: Map<string, HostState>
  /** group_by's groups. */
  readonly dynamicGroups: Map<string, Set<string>>
  /** Variables of hosts as the inventory and the files beside it and the playbook give them. */
  readonly variables: InventoryVariables
}

export interface Selection {
  readonly limit: string | undefined
  readonly tags: readonly string[]
  readonly skipTags: readonly string[]
  readonly startAtTask: string | undefined
}

export function hostState(context: RunContext, host: string, create: () => HostState): HostState {
  const known = context.hosts.get(host)
  if (known !== undefined) return known
  const state = create()
  context.hosts.set(host, state)
  return state
}
