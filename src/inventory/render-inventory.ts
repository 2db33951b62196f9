import { Secret } from '../secrets/secret.ts'
import { VaultedValue } from '../secrets/vaulted-value.ts'
import { allHosts } from './group-walk.ts'
import type { InventoryVariables } from './inventory-variables.ts'
import type { Inventory } from './inventory.ts'
import { pythonText } from './python-text.ts'
import { UnsafeText } from './unsafe-text.ts'
import { yamlText } from './yaml-text.ts'

/*
 * What `ansible-inventory` prints, after ansible-core's lib/ansible/cli/inventory.py. Values with `!vault` stay encrypted
 * in what is printed; strings of files that are vaulted as a whole are printed as they are, as Ansible does.
 */

export interface RenderInput {
  readonly inventory: Inventory
  readonly variables: InventoryVariables
  /** The hosts of --limit; undefined for all. */
  readonly limit?: ReadonlySet<string> | undefined
  /** The variables of -e: every host has them, above its own. */
  readonly extraVars?: Readonly<Record<string, unknown>> | undefined
}

/** `--list`: JSON that is also an inventory programme's output. */
export function renderList(input: RenderInput): string {
  const { inventory, limit } = input
  const hosts = allHosts(inventory).filter((host) => limit?.has(host) ?? true)
  const available = new Set(hosts)
  const output: Record<string, unknown> = {}
  for (const [name, group] of inventory.groups) {
    const members = name === 'all' ? [] : group.hosts.filter((host) => available.has(host))
    const parts = { hosts: members, children: group.children }
    const filled = Object.entries(parts).filter(([, list]) => list.length > 0)
    if (filled.length > 0) output[name] = Object.fromEntries(filled)
  }
  const hostvars: Record<string, unknown> = {}
  for (const host of hosts) {
    const printed = printable(input, host)
    if (Object.keys(printed).length > 0) hostvars[host] = printed
  }
  output['_meta'] = { hostvars, profile: 'inventory_legacy' }
  return toJson(output, (text) => ({ __ansible_unsafe: text }))
}

/** `--host NAME`: the host's variables as JSON. Ansible does not mark `!unsafe` texts there. */
export function renderHost(input: RenderInput, host: string): string {
  return toJson(printable(input, host), (text) => text)
}

/** `--host NAME --yaml`. */
export function renderHostYaml(input: RenderInput, host: string): string {
  return yamlText(printable(input, host))
}

/** `--graph`, with `--vars` when asked. Secrets are masked. The group exists. */
export function renderGraph(input: RenderInput, options: { readonly group: string; readonly vars: boolean }): string {
  return `${graphOf(input, options, 0).join('\n')}\n`
}

/** `--list --yaml`: a YAML inventory. */
export function renderYaml(input: RenderInput): string {
  const { inventory, limit } = input
  const seenGroups = new Set<string>()
  const seenHosts = new Set<string>()
  const tree = (name: string): Record<string, unknown> | undefined => {
    const group = inventory.groups.get(name)
    const children: Record<string, unknown> = {}
    for (const child of group?.children ?? []) {
      const isSeen = seenGroups.has(child)
      seenGroups.add(child)
      const subtree = isSeen ? {} : tree(child)
      if (subtree !== undefined) children[child] = subtree
    }
    const hosts: Record<string, unknown> = {}
    for (const host of name === 'all' ? [] : (group?.hosts ?? [])) {
      if (limit?.has(host) === false) continue
      hosts[host] = seenHosts.has(host) ? {} : printable(input, host)
      seenHosts.add(host)
    }
    const filled = Object.entries({ children, hosts }).filter(([, part]) => Object.keys(part).length > 0)
    return filled.length > 0 ? Object.fromEntries(filled) : undefined
  }
  const root = tree('all')
  return yamlText(root === undefined ? {} : { all: root })
}

interface GraphOptions {
  readonly group: string
  readonly vars: boolean
}

function graphOf(input: RenderInput, { group: name, vars }: GraphOptions, depth: number): string[] {
  const group = input.inventory.groups.get(name)
  const lines = [graphLine(`@${name}:`, depth)]
  for (const child of group?.children ?? []) lines.push(...graphOf(input, { group: child, vars }, depth + 1))
  for (const host of name === 'all' ? [] : (group?.hosts ?? [])) {
    lines.push(graphLine(host, depth + 1))
    if (vars) lines.push(...graphVars(printable(input, host), depth + 2))
  }
  if (vars) lines.push(...graphVars(withoutInternal(input.variables.ofGroup(name)), depth + 1))
  return lines
}

function graphVars(vars: Readonly<Record<string, unknown>>, depth: number): string[] {
  return Object.keys(vars)
    .sort(byCodePoint)
    .map((name) => graphLine(`{${name} = ${pythonText(vars[name])}}`, depth))
}

function graphLine(text: string, depth: number): string {
  return depth === 0 ? text : `${'  |'.repeat(depth)}--${text}`
}

function printable({ variables, extraVars }: RenderInput, host: string): Readonly<Record<string, unknown>> {
  return withoutInternal({ ...variables.ofHost(host), ...extraVars })
}

// ansible-core's INTERNAL_STATIC_VARS: names that Ansible sets itself, which are never printed.
const internalNames = new Set([
  'ansible_async_path',
  'ansible_collection_name',
  'ansible_config_file',
  'ansible_dependent_role_names',
  'ansible_diff_mode',
  'ansible_facts',
  'ansible_forks',
  'ansible_inventory_sources',
  'ansible_limit',
  'ansible_play_batch',
  'ansible_play_hosts',
  'ansible_play_hosts_all',
  'ansible_play_role_names',
  'ansible_playbook_python',
  'ansible_role_name',
  'ansible_role_names',
  'ansible_run_tags',
  'ansible_skip_tags',
  'ansible_verbosity',
  'ansible_version',
  'inventory_dir',
  'inventory_file',
  'inventory_hostname',
  'inventory_hostname_short',
  'groups',
  'group_names',
  'hostvars',
  'playbook_dir',
  'play_hosts',
  'role_name',
  'role_names',
  'role_path',
  'role_uuid',
])

function withoutInternal(vars: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const names = Object.keys(vars)
  if (!names.some((name) => internalNames.has(name))) return vars
  return Object.fromEntries(names.filter((name) => !internalNames.has(name)).map((name) => [name, vars[name]]))
}

/** How a text that is no template is written: `--list` marks it, `--host` does not. */
type WriteUnsafe = (text: string) => unknown

/** Keys sorted and four blanks deep, as Python's json.dumps does; written in one pass because inventories are large. */
function toJson(value: unknown, unsafe: WriteUnsafe): string {
  return `${jsonText(value, unsafe, '\n')}\n`
}

function jsonText(value: unknown, unsafe: WriteUnsafe, newline: string): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null)
  if (value instanceof VaultedValue) return jsonText({ __ansible_vault: value.envelope }, unsafe, newline)
  if (value instanceof UnsafeText) return jsonText(unsafe(value.text), unsafe, newline)
  if (value instanceof Secret) return JSON.stringify(value.reveal())
  const deeper = `${newline}    `
  if (Array.isArray(value)) {
    const items = value.map((item) => deeper + jsonText(item, unsafe, deeper))
    return items.length === 0 ? '[]' : `[${items.join(',')}${newline}]`
  }
  const map = value as Readonly<Record<string, unknown>>
  const keys = Object.keys(map).sort(byCodePoint)
  const entries = keys.map((key) => `${deeper}${JSON.stringify(key)}: ${jsonText(map[key], unsafe, deeper)}`)
  return entries.length === 0 ? '{}' : `{${entries.join(',')}${newline}}`
}

function byCodePoint(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
