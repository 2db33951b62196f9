import { dirname, resolve } from 'node:path'
import { throwProblems, UsageError } from '../errors.ts'
import { InventoryVariables } from '../inventory/inventory-variables.ts'
import type { Inventory } from '../inventory/inventory.ts'
import { loadInventory } from '../inventory/load-inventory.ts'
import { problemText } from '../report/problem-text.ts'
import { Redactor } from '../secrets/redactor.ts'
import type { Vault } from '../secrets/vault.ts'
import type { InventoryOptions } from './options.ts'
import type { ProcessView } from './process.ts'
import { vaultOf } from './vault-sources.ts'

export interface OpenedInventory {
  readonly inventory: Inventory
  readonly variables: InventoryVariables
  readonly vault: Vault
  readonly redactor: Redactor
  /** Where `.elkseal/` lies: beside the first source. */
  readonly stateFolder: string
  /** Whose group_vars and host_vars count besides those of the sources: the one of the first playbook. */
  readonly playbookDir: string | undefined
  /** Files and folders as absolute paths; a "host," list as it was given. */
  readonly sources: readonly string[]
}

/** Reads the sources and every variable file that a host needs. Throws with all problems together. */
export function openInventory(
  options: InventoryOptions,
  view: ProcessView,
  playbookDir?: string,
  known?: Pick<OpenedInventory, 'vault' | 'redactor'>,
): OpenedInventory {
  const sources = sourcesOf(options, view)
  const tell = (message: string) => view.stderr.write(`${message}\n`)
  const redactor = known?.redactor ?? new Redactor()
  // A plan is sealed, and what opens it again must be known when the check is forgotten.
  const vault =
    known?.vault ??
    vaultOf({ options, view, redactor, tell, check: options.check === true && options.planOut === undefined })
  const { inventory, warnings } = loadInventory(sources, { vault, folder: view.cwd })
  for (const warning of warnings) tell(`[WARNING]: ${problemText(warning, false).replace(/^(\S+: )?error: /, '$1')}`)
  const variables = new InventoryVariables(inventory, { vault, redactor, playbookDir })
  throwProblems(variables.check())
  return {
    inventory,
    variables,
    vault,
    redactor,
    stateFolder: stateFolderOf(sources, view),
    playbookDir,
    sources: placed(sources, view),
  }
}

function placed(sources: readonly string[], view: ProcessView): readonly string[] {
  return sources.map((source) => (source.includes(',') ? source : resolve(view.cwd, source)))
}

/** Where `.elkseal/` lies, before any of the sources is read. */
export function findStateFolder(options: InventoryOptions, view: ProcessView): string {
  return stateFolderOf(sourcesOf(options, view), view)
}

function sourcesOf(options: InventoryOptions, view: ProcessView): readonly string[] {
  if (options.inventory.length > 0) return options.inventory
  const fromEnvironment = view.env['ANSIBLE_INVENTORY']
  if (fromEnvironment !== undefined && fromEnvironment !== '') return fromEnvironment.split(',')
  throw new UsageError('No inventory was given', { hint: 'Name one with -i: elkseal … -i inventory/example/hosts.yml' })
}

function stateFolderOf(sources: readonly string[], view: ProcessView): string {
  const file = sources.find((source) => !source.includes(','))
  return file === undefined ? resolve(view.cwd, '.elkseal') : resolve(dirname(resolve(view.cwd, file)), '.elkseal')
}
