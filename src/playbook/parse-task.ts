import type { Module } from '../modules/module.ts'
import { nearestName } from './catalogue.ts'
import type { Keywords } from './keywords.ts'
import { commonKeywords, conditionalKeywords, parseCommon, refuse } from './parse-common.ts'
import { parseLoop } from './parse-loop.ts'
import { report, type ParseContext } from './parse-context.ts'
import type { RawValue, Task } from './playbook.ts'
import { taskArguments, type TaskArguments } from './task-arguments.ts'

const taskKeywords = [
  ...commonKeywords,
  ...conditionalKeywords,
  'args',
  'notify',
  'register',
  'changed_when',
  'failed_when',
  'until',
  'retries',
  'delay',
  'loop',
  'loop_control',
]

/** A task that calls a module, or `meta`. Undefined when it cannot be told what it is; that has been reported. */
export function parseTask(keywords: Keywords, kind: 'task' | 'handler'): Task | undefined {
  const { context, map } = keywords
  const known = kind === 'handler' ? [...taskKeywords, 'listen'] : taskKeywords
  const key = moduleKey(keywords, known)
  if (key === undefined) return undefined
  const parts = call(keywords, key)
  const register = keywords.text('register')
  if (register !== undefined) checkName(register, 'register', keywords)
  const notify = keywords.raw('notify')
  if (notify !== undefined) checkNotify(notify, keywords)
  return {
    kind: 'task',
    name: keywords.text('name') ?? parts.module,
    position: map.position,
    common: parseCommon(keywords),
    module: parts.module,
    args: parts.args,
    argPositions: parts.positions,
    notify: notify ?? [],
    listen: kind === 'handler' ? keywords.texts('listen') : [],
    register,
    changedWhen: keywords.conditions('changed_when'),
    failedWhen: keywords.conditions('failed_when'),
    until: keywords.conditions('until'),
    retries: keywords.raw('retries'),
    delaySeconds: keywords.raw('delay'),
    loop: parseLoop(keywords),
    folder: context.folder,
  }
}

/** The one key that names a module; every other unknown key is reported. */
function moduleKey(keywords: Keywords, known: readonly string[]): string | undefined {
  const { context, map } = keywords
  const others = map.entries.map((entry) => entry.key).filter((key) => !known.includes(key))
  const modules = others.filter((key) => isModule(key, context))
  const [first, second] = modules
  if (second !== undefined) {
    report(context, `A task has one module, not both "${first ?? ''}" and "${second}"`, keywords.position(second))
  }
  const names = [...known, ...context.catalogue.names, 'include_tasks', 'import_tasks', 'block']
  const unknown = others.filter((key) => !modules.includes(key))
  for (const key of unknown) {
    if (first === undefined && isModuleLike(key)) {
      const hint = nearestName(key, names) ?? 'See "elkseal doc" for the modules there are'
      report(context, `There is no module or keyword "${key}"`, keywords.position(key), hint)
    } else refuse(keywords, key, 'a task', names)
  }
  if (first === undefined && unknown.length === 0) report(context, 'The task has no module', map.position)
  return first
}

function isModule(key: string, context: ParseContext): boolean {
  return context.catalogue.find(key) !== undefined
}

function isModuleLike(key: string): boolean {
  return !key.startsWith('with_') && !['action', 'local_action', 'async', 'poll', 'throttle', 'timeout'].includes(key)
}

interface Parts extends TaskArguments {
  readonly module: string
}

function call(keywords: Keywords, key: string): Parts {
  const module = keywords.context.catalogue.find(key) as Module
  return { module: module.name, ...taskArguments(module, key, keywords) }
}

function checkName(name: string, keyword: string, keywords: Keywords): void {
  if (/^[A-Za-z_]\w*$/.test(name)) return
  const message = `"${keyword}" must be a variable's name (letters, digits, _), not "${name}"`
  report(keywords.context, message, keywords.position(keyword))
}

function checkNotify(notify: RawValue, keywords: Keywords): void {
  const names = Array.isArray(notify) ? (notify as readonly RawValue[]) : [notify]
  if (names.every((name) => typeof name === 'string')) return
  report(keywords.context, '"notify" must be a handler\'s name or a list of names', keywords.position('notify'))
}
