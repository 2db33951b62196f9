import type { Position, Problem } from '../errors.ts'
import type { Vault } from '../secrets/vault.ts'
import type { YamlEntry, YamlMap, YamlNode } from '../yaml-source.ts'
import { parseAddress } from './address.ts'
import { expandRanges } from './host-range.ts'
import type { InventoryBuilder, Source } from './inventory-builder.ts'
import { nearest } from '../nearest.ts'
import { variableValue } from './yaml-values.ts'

/*
 * The YAML inventory, after ansible-core's lib/ansible/plugins/inventory/yaml.py. Where Ansible warns and skips a part,
 * this is a problem: a misspelt `hosts:` would lose hosts.
 */

const sections = ['hosts', 'children', 'vars']

/** Adds what the tree says to the builder. Problems come with their positions; the rest of the tree is still read. */
export function readYamlInventory(root: YamlMap, source: Source, into: YamlTarget): readonly Problem[] {
  const reader = new YamlInventoryReader(source, into)
  const plugin = root.entries.find((entry) => entry.key === 'plugin')
  if (plugin !== undefined && !isNothing(plugin.value)) {
    const hint = 'Save what it finds: ansible-inventory --list --yaml --export'
    return [{ message: 'Inventory plugins are not supported', position: plugin.keyPosition, hint }]
  }
  for (const entry of root.entries) reader.readGroup(entry)
  return reader.problems
}

export interface YamlTarget {
  readonly builder: InventoryBuilder
  readonly vault: Vault
}

class YamlInventoryReader {
  readonly problems: Problem[] = []
  readonly #source: Source
  readonly #builder: InventoryBuilder
  readonly #vault: Vault

  constructor(source: Source, into: YamlTarget) {
    this.#source = source
    this.#builder = into.builder
    this.#vault = into.vault
  }

  readGroup(entry: YamlEntry): void {
    const name = entry.key
    if (name === '') this.#refuse(entry.keyPosition, 'A group has no name')
    this.#builder.addGroup(name)
    if (isNothing(entry.value)) return
    if (entry.value.kind !== 'map') {
      const hint = 'A group is a mapping with hosts, children and vars'
      this.#refuse(entry.value.position, `Group "${name}" is not a mapping`, hint)
      return
    }
    for (const section of entry.value.entries) this.#readSection(name, section)
  }

  #readSection(group: string, section: YamlEntry): void {
    if (!sections.includes(section.key)) {
      const meant = nearest(section.key, sections)
      const hint = meant === undefined ? 'A group holds only hosts, children and vars' : `Did you mean "${meant}"?`
      this.#refuse(section.keyPosition, `Group "${group}" has the unknown key "${section.key}"`, hint)
      return
    }
    const entries = entriesOf(section.value)
    if (entries === undefined) {
      this.#refuse(section.value.position, `"${section.key}" of group "${group}" is not a mapping`)
      return
    }
    for (const entry of entries) {
      if (section.key === 'vars') this.#set(group, entry)
      else if (section.key === 'children') this.#readChild(group, entry)
      else this.#readHost(group, entry)
    }
  }

  #readChild(group: string, entry: YamlEntry): void {
    this.readGroup(entry)
    if (this.#builder.addChild(group, entry.key)) return
    this.#refuse(entry.keyPosition, `Group "${entry.key}" cannot be inside "${group}": it would contain itself`)
  }

  #readHost(group: string, entry: YamlEntry): void {
    const address = parseAddress(entry.key)
    const expansion = expandRanges(address?.host ?? entry.key)
    if (entry.key === '' || expansion.kind === 'invalid') {
      const problem = expansion.kind === 'invalid' ? expansion.problem : 'it is empty'
      this.#refuse(entry.keyPosition, `The host "${entry.key}" is not valid: ${problem}`)
      return
    }
    if (entry.value.kind !== 'map' && !isNothing(entry.value)) {
      this.#refuse(entry.value.position, `The variables of host "${entry.key}" are not a mapping`)
      return
    }
    for (const host of expansion.names) {
      this.#builder.addHost(host, group, { source: this.#source, port: address?.port })
      if (entry.value.kind === 'map') for (const variable of entry.value.entries) this.#set(host, variable)
    }
  }

  #set(name: string, entry: YamlEntry): void {
    const value = variableValue(entry.value, this.#vault, entry.key)
    if (this.#builder.setVariable(name, entry.key, value)) return
    this.#refuse(entry.value.position, `"${entry.key}" of group "${name}" must be a whole number`)
  }

  #refuse(position: Position, message: string, hint?: string): void {
    this.problems.push({ message, position, hint })
  }
}

/** Nothing is an empty mapping, and one bare string a mapping with that key. */
function entriesOf(node: YamlNode): readonly YamlEntry[] | undefined {
  if (node.kind === 'map') return node.entries
  if (node.kind === 'list') return undefined
  if (node.value === null) return []
  if (typeof node.value !== 'string') return undefined
  const nothing: YamlNode = { kind: 'scalar', value: null, tag: undefined, position: node.position }
  return [{ key: node.value, keyPosition: node.position, value: nothing }]
}

function isNothing(node: YamlNode): boolean {
  return node.kind === 'scalar' && node.value === null
}
