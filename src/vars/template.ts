import { TaskError } from '../errors.ts'
import { Machine } from './jinja/evaluate.ts'
import { library } from './jinja/library.ts'
import type { Resolve } from './jinja/names.ts'
import { parseExpression, parseTemplate } from './jinja/parser.ts'
import type { RevealListener } from './jinja/python.ts'
import { joined, render } from './jinja/render.ts'
import { TemplateSyntaxError, type Expression, type Statement } from './jinja/syntax.ts'
import { EvaluationError, UndefinedError } from './jinja/value.ts'

/** Where a template's names come from, and who is told of secrets that become text. */
export interface Surroundings {
  readonly resolve: Resolve
  readonly reveal: RevealListener
}

export function isTemplate(text: string): boolean {
  return /\{[{%#]/.test(text)
}

/**
 * Native types as in Ansible: one `{{ expression }}` alone gives its value, no output at all gives null, anything else
 * a text, which keeps the line ends it had at its end.
 */
export function evaluateTemplate(text: string, surroundings: Surroundings, kind: TemplateKind = 'value'): unknown {
  const machine = new Machine(library, surroundings.resolve, surroundings.reveal)
  const outputs = render(machine, parsedTemplate(text, kind))
  if (outputs.length === 0) return null
  const result = outputs.length === 1 ? outputs[0] : joined(machine, outputs)
  if (typeof result !== 'string') return result
  return result + '\n'.repeat(Math.max(0, lineEnds(text) - lineEnds(result)))
}

/** A value of a playbook or inventory, or a template file: they differ in what a backslash is. */
export type TemplateKind = 'value' | 'file'

function lineEnds(text: string): number {
  return /\n*$/.exec(text)?.[0].length ?? 0
}

export function evaluateExpression(text: string, surroundings: Surroundings): unknown {
  const machine = new Machine(library, surroundings.resolve, surroundings.reveal)
  return machine.evaluate(parsedExpression(text))
}

export interface SyntaxProblem {
  readonly message: string
  /** Characters from the start of the text. */
  readonly offset: number
}

/** What is wrong with a text as a template, or as a bare expression; undefined if nothing is. */
export function syntaxProblem(text: string, kind: 'template' | 'expression'): SyntaxProblem | undefined {
  try {
    if (kind === 'template' || isTemplate(text)) parsedTemplate(text, 'value')
    else parsedExpression(text)
    return undefined
  } catch (error) {
    if (error instanceof TemplateSyntaxError) return { message: error.message, offset: error.offset }
    throw error
  }
}

/** The template engine's own errors as errors of a task, with the text that caused them. */
export function asTaskError(error: unknown, text: string): unknown {
  if (error instanceof UndefinedError) {
    const { message, hint } = error.undefinedValue
    return new TaskError(`${message}${place(text)}`, { hint })
  }
  if (error instanceof EvaluationError) return new TaskError(`${error.message}${place(text)}`, { hint: error.hint })
  if (error instanceof TemplateSyntaxError) return new TaskError(`${error.message}${place(text)}`)
  return error
}

function place(text: string): string {
  const line = text.trim()
  return line === '' ? '' : `, in the template ${line.length > 120 ? `${line.slice(0, 117)}...` : line}`
}

/** Parsed once, used for every host and item. */
const templates = new Map<string, readonly Statement[]>()
const files = new Map<string, readonly Statement[]>()
const expressions = new Map<string, Expression>()
const mostKept = 5000

function parsedTemplate(text: string, kind: TemplateKind): readonly Statement[] {
  return kept(kind === 'file' ? files : templates, text, () => parseTemplate(text.replace(/\n$/, ''), kind === 'file'))
}

function parsedExpression(text: string): Expression {
  return kept(expressions, text, () => parseExpression(text))
}

function kept<Parsed>(cache: Map<string, Parsed>, text: string, parse: () => Parsed): Parsed {
  const known = cache.get(text)
  if (known !== undefined) return known
  const parsed = parse()
  if (cache.size >= mostKept) cache.clear()
  cache.set(text, parsed)
  return parsed
}
