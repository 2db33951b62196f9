import type { Position } from '../errors.ts'
import { argumentNames, argumentProblems } from '../modules/arguments.ts'
import type { Module } from '../modules/module.ts'
import { keyValue, splitArgumentWords } from '../vars/key-values.ts'
import { syntaxProblem } from '../vars/template.ts'
import type { YamlNode } from '../yaml-source.ts'
import type { Keywords } from './keywords.ts'
import { isNull } from './keywords.ts'
import { report, type ParseContext } from './parse-context.ts'
import type { RawMap, RawValue } from './playbook.ts'
import { rawValue } from './raw-value.ts'

export interface TaskArguments {
  readonly args: RawMap
  readonly positions: ReadonlyMap<string, Position>
}

/** A module's arguments, from `module: {…}`, `module: key=value …` or free text, and from the keyword `args`. */
export function taskArguments(module: Module, key: string, keywords: Keywords): TaskArguments {
  const { context } = keywords
  const args = new Map<string, RawValue>()
  const positions = new Map<string, Position>()
  let readable = true
  for (const name of ['args', key]) {
    const node = keywords.node(name)
    if (node === undefined || isNull(node)) continue
    const before = context.problems.length
    if (node.kind === 'map') {
      readMap(node, module, { args, positions, context })
      continue
    }
    if (node.kind === 'list' || name === 'args') report(context, `"${name}" must be a mapping`, node.position)
    else readText(node, module, { args, positions, context })
    readable &&= context.problems.length === before
  }
  const found = { args: Object.fromEntries(args), positions }
  if (readable) {
    context.problems.push(...argumentProblems(module, found.args, positions, keywords.position(key)))
  }
  return found
}

interface Reading {
  readonly args: Map<string, RawValue>
  readonly positions: Map<string, Position>
  readonly context: ParseContext
}

function readMap(node: YamlNode & { kind: 'map' }, module: Module, into: Reading): void {
  for (const entry of node.entries) {
    const isExpression = module.rawArguments?.includes(entry.key) === true
    if (isExpression) checkExpressions(entry.value, entry.key, into.context)
    into.args.set(entry.key, rawValue(entry.value, into.context))
    into.positions.set(entry.key, entry.keyPosition)
  }
}

function checkExpressions(node: YamlNode, name: string, context: ParseContext): void {
  const nodes = node.kind === 'list' ? node.items : [node]
  for (const item of nodes) {
    const problem = item.kind === 'scalar' ? syntaxProblem(String(item.value), 'expression') : undefined
    if (problem !== undefined) report(context, `"${name}" is not a valid condition: ${problem.message}`, item.position)
  }
}

function readText(node: YamlNode & { kind: 'scalar' }, module: Module, into: Reading): void {
  const raw = rawValue(node, into.context)
  if (typeof raw === 'object' && raw !== null) {
    report(into.context, `The arguments of ${module.name} cannot have a tag`, node.position)
    return
  }
  const text = String(raw)
  const words = splitArgumentWords(text)
  if ('problem' in words) {
    report(into.context, `Arguments of ${module.name}: ${words.problem.replace(/^A/, 'a')}`, node.position)
    return
  }
  const options = new Set(argumentNames(module).filter((name) => name !== module.freeForm))
  const free: string[] = []
  for (const word of words) {
    const pair = keyValue(word)
    if (pair !== undefined && (module.freeForm === undefined || options.has(pair.key))) {
      into.args.set(pair.key, pair.value)
      into.positions.set(pair.key, node.position)
    } else free.push(word)
  }
  addFreeText(module, { text, free, isWhole: free.length === words.length }, node.position, into)
}

interface FreeText {
  readonly text: string
  readonly free: readonly string[]
  /** No word was an option: the text stays as it was written. */
  readonly isWhole: boolean
}

function addFreeText(module: Module, { text, free, isWhole }: FreeText, position: Position, into: Reading): void {
  if (free.length === 0) return
  if (module.freeForm === undefined) {
    const hint = `Write the arguments of ${module.name} as a mapping`
    report(into.context, `${module.name} takes no text, but "${free.join(' ')}" is no key=value`, position, hint)
    return
  }
  into.args.set(module.freeForm, isWhole ? text.trim() : free.join(' '))
  into.positions.set(module.freeForm, position)
}
