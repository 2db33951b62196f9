import type { YamlNode } from '../yaml-source.ts'
import { isTemplate, syntaxProblem } from '../vars/template.ts'
import { report, type ParseContext } from './parse-context.ts'
import type { RawMap, RawValue } from './playbook.ts'

/** A YAML tree as a value whose texts may be templates; a template that is no valid Jinja is reported. */
export function rawValue(node: YamlNode, context: ParseContext): RawValue {
  switch (node.kind) {
    case 'list':
      return node.items.map((item) => rawValue(item, context))
    case 'map':
      return Object.fromEntries(node.entries.map((entry) => [entry.key, rawValue(entry.value, context)]))
    case 'scalar':
      if (node.tag === '!unsafe') return { tag: '!unsafe', text: String(node.value), position: node.position }
      if (node.tag === '!vault' || node.tag === '!vault-encrypted') {
        return { tag: '!vault', text: String(node.value), position: node.position }
      }
      if (typeof node.value === 'string') checkSyntax(node.value, node, context)
      return node.value
  }
}

export function rawMap(node: YamlNode, what: string, context: ParseContext): RawMap {
  if (node.kind === 'map') return rawValue(node, context) as RawMap
  if (node.kind !== 'scalar' || node.value !== null) report(context, `"${what}" must be a mapping`, node.position)
  return {}
}

function checkSyntax(text: string, node: YamlNode, context: ParseContext): void {
  if (!isTemplate(text)) return
  const problem = syntaxProblem(text, 'template')
  if (problem !== undefined) report(context, `Not a valid template: ${problem.message}`, node.position)
}
