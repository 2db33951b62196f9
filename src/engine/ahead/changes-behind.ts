import { ElksealError } from '../../errors.ts'
import { Forecast } from '../../facts/forecast.ts'
import type { Subject } from '../../facts/question.ts'
import { parseArguments } from '../../modules/arguments.ts'
import type { Effect } from '../../modules/effect.ts'
import type { Change, ChangeDecision, Keep } from '../../modules/module.ts'
import type { Item, Task } from '../../playbook/playbook.ts'
import { renderArguments } from '../arguments.ts'
import { keepBehind, performBehind, type Stage } from '../attempt.ts'
import type { BatchRun } from '../batch-run.ts'
import { forecastEffect, subjectsOf } from '../effects/effect-kinds.ts'
import { NotKnown } from '../host-reader.ts'
import { anyConflict } from '../subjects.ts'
import { inherit } from '../inherit.ts'
import { learnSecrets } from '../learn-secrets.ts'
import { openStage, type StageParts } from '../stage.ts'
import { taskScope, type TaskPlace } from '../task-scope.ts'
import type { ComingChange } from './coming-change.ts'
import { lookAheadTasks } from './shared-answers.ts'

interface Behind {
  readonly batch: BatchRun
  readonly host: string
  readonly place: TaskPlace
  /** What comes after the task whose change is about to be made. */
  readonly items: readonly Item[]
}

/**
 * The changes of the next tasks that can be sent with this one of the same host: docs/adr/0010. Only what changes
 * nothing but files, and only where all that is needed to decide is known already: nothing is asked for it.
 */
export async function changesBehind(ahead: Task, change: Change, behind: Behind): Promise<readonly ComingChange[]> {
  const coming: ComingChange[] = []
  const tasks = tasksBehind(behind)
  if (tasks.length === 0 || !mayGoOn(ahead, behind)) return coming
  const foreseen = new Foreseen(behind)
  try {
    if (!(await foreseen.follow(ahead, change))) return coming
    let kept: readonly ComingChange[] = []
    for (const task of tasks) {
      const next = await foreseen.decide(task)
      if (next === 'unforeseeable') break
      const stage = foreseen.actingStage(task)
      if (next === 'skipped' || next.kind === 'keep') {
        if (!mayGoOn(task, behind)) break
        // Decided here as well: in its turn it would see what changes behind it have done.
        if (next !== 'skipped') kept = [...kept, { begin: (chain) => stage.sentAhead(keepBehind(next, chain)) }]
        continue
      }
      coming.push(...kept, { begin: (chain) => stage.sentAhead(chain.add(performBehind(next, stage, chain))) })
      kept = []
      if (!mayGoOn(task, behind) || !(await foreseen.follow(task, next.change))) break
    }
  } catch (thrown) {
    // Whatever it is, the task meets it again in its turn, and tells.
    if (!(thrown instanceof ElksealError) && !(thrown instanceof NotKnown)) throw thrown
  }
  return coming
}

/** Plain tasks in one piece: what comes behind anything else may depend on it. */
function tasksBehind({ batch, items, place }: Behind): readonly Task[] {
  const tasks: Task[] = []
  for (const item of items.slice(0, lookAheadTasks)) {
    if (item.kind !== 'task' || item.module === 'meta') break
    if (!batch.selects(item, place.inherited)) continue
    if (!isPlain(item, place)) break
    tasks.push(item)
  }
  return tasks
}

/** It runs once on the host that it is written for, in earnest. */
function isPlain({ loop, until, retries, common }: Task, { inherited }: TaskPlace): boolean {
  const { delegateTo, runOnce, checkMode } = inherit(inherited, common)
  return [loop, until, retries, delegateTo, runOnce, checkMode].every((word) => word === undefined)
}

/** Whether the next task certainly runs on the host when this one's effect succeeds, and sees no more than its files. */
function mayGoOn(task: Task, { place }: Behind): boolean {
  const judged = [task.register, task.changedWhen, task.failedWhen].some((word) => word !== undefined)
  // A handler's name that only the run knows may be none, which fails the task.
  return isPlain(task, place) && !judged && !JSON.stringify(task.notify).includes('{{')
}

/** What the changes so far will leave on the host. */
class Foreseen {
  readonly #behind: Behind
  #forecast = new Forecast()
  readonly #touched: Subject[] = []
  readonly #parts = new Map<Task, StageParts>()
  /** Whose shell the first change goes through. */
  #account: string | undefined

  constructor(behind: Behind) {
    this.#behind = behind
  }

  /** False when nobody can say what the change leaves. */
  async follow(task: Task, change: Change): Promise<boolean> {
    const effect = fileEffectOf(change)
    if (effect === undefined) return false
    const forecast = this.#forecast.fork()
    const { reader } = this.#stage(task, forecast)
    this.#account ??= reader.account
    const subjects = subjectsOf(effect)
    try {
      const host = { reader, forecast, clock: this.#behind.batch.context.clock }
      if ((await forecastEffect(effect, host)) === 'unknown') return false
      this.#forecast = forecast
    } catch (thrown) {
      if (!(thrown instanceof NotKnown)) throw thrown
      // Only what asks for these files cannot be decided, but not with what was foreseen of them before.
      if (anyConflict(this.#touched, subjects)) return false
    }
    this.#touched.push(...subjects)
    return true
  }

  async decide(task: Task): Promise<ChangeDecision | Keep | 'skipped' | 'unforeseeable'> {
    const { context, module, place, scope } = this.#partsOf(task)
    if (module.on === 'controller' || asksWhoIsWell(task)) return 'unforeseeable'
    if (!scope.holds(place.inherited.when)) return 'skipped'
    const args = parseArguments(module, renderArguments(task, module, scope))
    learnSecrets(args, context.redactor)
    const seeing = this.#stage(task, this.#forecast)
    const decision = module.decide(await module.inspect(seeing.look, args), args, seeing.context)
    if (seeing.reader.account !== this.#account || this.#mayBeSource(seeing)) return 'unforeseeable'
    if (decision.kind === 'keep') return saysNothing(decision) ? decision : 'unforeseeable'
    return decision.kind === 'change' && fileEffectOf(decision.change) !== undefined ? decision : 'unforeseeable'
  }

  /** What it reads here may be what the changes ahead are about. */
  #mayBeSource({ here }: Stage): boolean {
    const { batch, host } = this.#behind
    return batch.state(host).isHere === true && here.isAsked()
  }

  actingStage(task: Task): Stage {
    return this.#stage(task, undefined)
  }

  /** With a forecast: one that sees through it, and only what is known already. Without: one that acts. */
  #stage(task: Task, forecast: Forecast | undefined): Stage {
    const foreseen = forecast === undefined ? {} : { foreseen: { forecast, touched: this.#touched } }
    return openStage({ ...this.#partsOf(task), ...foreseen }, () => undefined)
  }

  #partsOf(task: Task): StageParts {
    let parts = this.#parts.get(task)
    if (parts === undefined) {
      const { batch, host, place: outer } = this.#behind
      const { context } = batch
      const module = context.modules.get(task.module)
      if (module === undefined) throw new TypeError(`module ${task.module} was not validated`)
      const place = { ...outer, inherited: inherit(outer.inherited, task.common) }
      parts = { context, task, host, place, scope: taskScope(context, host, place), module }
      this.#parts.set(task, parts)
    }
    return parts
  }
}

/** That is not known before all hosts have come through the tasks ahead. */
function asksWhoIsWell({ args, common }: Task): boolean {
  return /\b(?:ansible_)?play_hosts\b/.test(JSON.stringify([args, common.vars, common.when]))
}

/** Neither variables for what comes behind it, nor a failure. */
function saysNothing({ facts, groups, result }: Keep): boolean {
  return facts === undefined && groups === undefined && result?.['failed'] === undefined && result?.['rc'] === undefined
}

const fileEffects: ReadonlySet<Effect['kind']> = new Set([
  'write-file',
  'set-attributes',
  'make-directory',
  'make-link',
  'remove-path',
])

/** The one effect of a change, where it is one on files. */
function fileEffectOf({ effects }: Change): Effect | undefined {
  const [effect] = effects
  return effect !== undefined && effects.length === 1 && fileEffects.has(effect.kind) ? effect : undefined
}
