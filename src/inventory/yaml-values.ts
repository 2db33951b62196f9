import { renderPosition, type Position } from '../errors.ts'
import type { Vault } from '../secrets/vault.ts'
import { VaultedValue } from '../secrets/vaulted-value.ts'
import type { YamlMap, YamlNode } from '../yaml-source.ts'
import { UnsafeText } from './unsafe-text.ts'

/** The value of a variable: `!vault` becomes a VaultedValue, `!unsafe` an UnsafeText, the rest plain values. */
export function variableValue(node: YamlNode, vault: Vault, name = 'A value'): unknown {
  switch (node.kind) {
    case 'list':
      return node.items.map((item) => variableValue(item, vault, name))
    case 'map':
      return variableValues(node, vault)
    case 'scalar':
      if (node.tag === '!vault' || node.tag === '!vault-encrypted') {
        return new VaultedValue(String(node.value), vault, `"${name}" (${renderPosition(node.position)})`)
      }
      return node.tag === '!unsafe' ? new UnsafeText(String(node.value)) : node.value
  }
}

export function variableValues(node: YamlMap, vault: Vault): Record<string, unknown> {
  return Object.fromEntries(node.entries.map((entry) => [entry.key, variableValue(entry.value, vault, entry.key)]))
}

/** JSON from a programme, in which `{"__ansible_vault": …}` and `{"__ansible_unsafe": …}` stand for the two tags. */
export function jsonVariableValue(value: unknown, vault: Vault, where: string): unknown {
  if (Array.isArray(value)) return value.map((item) => jsonVariableValue(item, vault, where))
  if (typeof value !== 'object' || value === null) return value
  if ('__ansible_vault' in value && typeof value.__ansible_vault === 'string') {
    return new VaultedValue(value.__ansible_vault, vault, where)
  }
  if ('__ansible_unsafe' in value && typeof value.__ansible_unsafe === 'string') {
    return new UnsafeText(value.__ansible_unsafe)
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, jsonVariableValue(item, vault, where)]))
}

/** A JSON value as a tree; JSON has no positions, so all parts have that of the whole. */
export function jsonTree(value: unknown, position: Position): YamlNode {
  if (Array.isArray(value)) return { kind: 'list', items: value.map((item) => jsonTree(item, position)), position }
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    return { kind: 'scalar', value, tag: undefined, position }
  }
  if (typeof value !== 'object' || value === null) return { kind: 'scalar', value: null, tag: undefined, position }
  for (const tag of ['vault', 'unsafe'] as const) {
    const text = (value as Readonly<Record<string, unknown>>)[`__ansible_${tag}`]
    if (typeof text === 'string') return { kind: 'scalar', value: text, tag: `!${tag}`, position }
  }
  const entries = Object.entries(value).map(([key, item]) => ({
    key,
    keyPosition: position,
    value: jsonTree(item, position),
  }))
  return { kind: 'map', entries, position }
}

/** The value of a JSON text, undefined when it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
