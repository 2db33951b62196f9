import type { Position } from '../errors.ts'
import type { YamlEntry, YamlMap, YamlNode } from '../yaml-source.ts'
import { syntaxProblem } from '../vars/template.ts'
import { report, type ParseContext } from './parse-context.ts'
import type { RawValue } from './playbook.ts'
import { rawValue } from './raw-value.ts'

/** Typed reading of the keywords of one play, block or task. What has the wrong form is reported and left out. */
export class Keywords {
  readonly map: YamlMap
  readonly context: ParseContext
  readonly #entries: ReadonlyMap<string, YamlEntry>

  constructor(map: YamlMap, context: ParseContext) {
    this.map = map
    this.context = context
    this.#entries = new Map(map.entries.map((entry) => [entry.key, entry]))
  }

  has(name: string): boolean {
    return this.#entries.has(name)
  }

  node(name: string): YamlNode | undefined {
    return this.#entries.get(name)?.value
  }

  position(name: string): Position {
    return this.#entries.get(name)?.keyPosition ?? this.map.position
  }

  raw(name: string): RawValue | undefined {
    const node = this.node(name)
    return node === undefined || isNull(node) ? undefined : rawValue(node, this.context)
  }

  /** A text; numbers and booleans become one. */
  text(name: string): string | undefined {
    const node = this.node(name)
    if (node === undefined || isNull(node)) return undefined
    if (node.kind === 'scalar') return String(rawText(node, this.context))
    this.#wrong(name, 'a text', node)
    return undefined
  }

  /** True or false, written out: a template could differ from host to host where one answer is needed. */
  flag(name: string, otherwise: boolean): boolean {
    const node = this.node(name)
    if (node === undefined || isNull(node)) return otherwise
    const word = node.kind === 'scalar' ? String(node.value).toLowerCase() : ''
    if (['true', 'yes', 'on', '1'].includes(word)) return true
    if (['false', 'no', 'off', '0'].includes(word)) return false
    this.#wrong(name, 'true or false', node)
    return otherwise
  }

  /** One text or a list of texts. */
  texts(name: string): readonly string[] {
    const node = this.node(name)
    if (node === undefined || isNull(node)) return []
    const nodes = node.kind === 'list' ? node.items : [node]
    return nodes.flatMap((item) => {
      if (item.kind === 'scalar' && item.value !== null) return [String(rawText(item, this.context))]
      this.#wrong(name, 'a text or a list of texts', item)
      return []
    })
  }

  /** As Ansible, a comma separates tags inside a text too. */
  tags(): readonly string[] {
    const words = this.texts('tags').flatMap((text) => text.split(','))
    return words.map((word) => word.trim()).filter((word) => word !== '')
  }

  /** Jinja expressions: one, or a list of which all must hold. Undefined when the keyword is not there. */
  conditions(name: string): readonly string[] | undefined {
    const node = this.node(name)
    if (node === undefined || isNull(node)) return undefined
    const nodes = node.kind === 'list' ? node.items : [node]
    // An empty list says nothing: as Ansible, it leaves the result as it is.
    return nodes.length === 0 ? undefined : nodes.flatMap((item) => this.#condition(name, item))
  }

  #condition(name: string, node: YamlNode): readonly string[] {
    if (node.kind !== 'scalar' || node.value === null) {
      this.#wrong(name, 'a condition or a list of conditions', node)
      return []
    }
    const text = String(node.value)
    const problem = syntaxProblem(text, 'expression')
    if (problem === undefined) return [text]
    report(this.context, `"${name}" is not a valid condition: ${problem.message}`, node.position)
    return []
  }

  #wrong(name: string, wanted: string, node: YamlNode): void {
    report(this.context, `"${name}" must be ${wanted}`, node.position)
  }
}

export function isNull(node: YamlNode): boolean {
  return node.kind === 'scalar' && node.value === null
}

function rawText(node: YamlNode, context: ParseContext): unknown {
  const value = rawValue(node, context)
  return typeof value === 'object' && value !== null && 'text' in value ? value.text : value
}
