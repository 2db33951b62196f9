import { ConnectionError } from '../connection/connection.ts'
import { ElksealError, TaskError, renderPosition } from '../errors.ts'
import type { Forecast } from '../facts/forecast.ts'
import type { Subject } from '../facts/question.ts'
import type { Effect } from '../modules/effect.ts'
import type {
  Change,
  ChangeDecision,
  Context,
  Diff,
  Keep,
  Look,
  Module,
  Probe,
  Values,
  Wait,
} from '../modules/module.ts'
import type { TaskStatus } from './events.ts'
import type { HostReader } from './host-reader.ts'
import { effectDescription } from './effects/effect-description.ts'
import type { Performer } from './effects/effect-kind.ts'
import { forecastEffect, performEffect, subjectsOf } from './effects/effect-kinds.ts'
import { Chain, NotReached } from './ahead/chain.ts'
import type { ComingChange } from './ahead/coming-change.ts'
import type { Prefetched } from './ahead/prefetched.ts'

/** What one execution of a module on one host came to, before changed_when, failed_when and ignore_errors. */
export interface Attempt {
  readonly status: Extract<TaskStatus, 'ok' | 'changed' | 'failed' | 'unreachable' | 'undetermined'>
  readonly summary: string
  readonly hint: string | undefined
  readonly changes: readonly string[]
  readonly diffs: readonly Diff[]
  readonly result: Values
  readonly facts: Values
  readonly groups: readonly string[]
}

/** One host as a module meets it: how to look, and how to act unless only a forecast is wanted. */
export interface Stage {
  readonly look: Look
  readonly reader: HostReader
  /** The machine elkseal runs on: whether it was looked at too, and how many changes of it have gone out. */
  readonly here: { isAsked(): boolean; changes(): number }
  readonly context: Context
  /** Performs effects that touch these subjects. */
  readonly performer: (subjects: readonly Subject[]) => Performer
  /** Check mode's overlay of the host that would change; undefined in a real run. */
  readonly forecast: Forecast | undefined
  /** The task says that it changes nothing (`changed_when: false`). */
  readonly onlyLooks: boolean
  /** True when earlier tasks would have changed this host: what cannot be seen now may be there then. */
  readonly pending: () => boolean
  readonly touched: (subjects: readonly Subject[]) => void
  /** An effect that touched these has ended, well or not. */
  readonly performed: (subjects: readonly Subject[]) => void
  /** Time went by in which the host changed by itself: that is what one waits for. */
  readonly waited: () => void
  /** Changes of the next tasks that can be sent with this one. */
  readonly changesBehind: (change: Change) => Promise<readonly ComingChange[]>
  /** Resolves when no other run can be at work on the host. */
  readonly permitted: () => Promise<void>
  /** Throws a TaskError when the run follows a plan that does not have this change. */
  readonly planned?: ((change: Change) => void) | undefined
  /** This task's change went out before its turn. */
  readonly sentAhead: (attempt: Promise<Attempt | undefined>) => void
  readonly record: (effect: Effect, phase: 'intent' | 'done' | 'failed', explain?: ChangeDecision['explain']) => void
  /** Resolves when what was recorded is on the disk. */
  readonly recorded: () => Promise<void>
  readonly progress: (message: string) => void
  readonly signal: AbortSignal
}

/** Looks (or takes a look made ahead), decides, and performs or forecasts. Never throws for what a host can cause. */
export async function attempt(
  module: Module,
  args: unknown,
  stage: Stage,
  ahead: Prefetched | undefined,
): Promise<Attempt> {
  try {
    const state = await lookedAhead(module, args, stage, ahead)
    const decision = module.decide(state, args, stage.context)
    switch (decision.kind) {
      case 'keep':
        return failedIfSo(settled('ok', decision.reason, decision))
      case 'fail':
        // What is wrong on the host now may be right after the changes that a check only foresees.
        if (hasLooked(stage, ahead) && isForeseen(stage)) return unknowable(decision.message)
        return { ...settled('failed', decision.message, decision), hint: decision.hint }
      case 'wait':
        return await waitFor(decision, stage)
      case 'change':
        stage.planned?.(decision.change)
        return stage.forecast === undefined
          ? await perform(decision, throughLinks(stage, ahead))
          : await foresee(decision, stage.forecast, stage)
    }
  } catch (thrown) {
    return troubled(thrown, stage)
  }
}

/** What a look made ahead did not find may be there by now: a source that an earlier task has made, for instance. */
async function lookedAhead(
  module: Module,
  args: unknown,
  stage: Stage,
  ahead: Prefetched | undefined,
): Promise<unknown> {
  if (ahead === undefined) return module.inspect(stage.look, args)
  try {
    return await ahead.state
  } catch (thrown) {
    if (!(thrown instanceof TaskError)) throw thrown
    return module.inspect(stage.look, args)
  }
}

/** Who acts through a link changes what looks under other names have seen: nobody knows which. */
function throughLinks(stage: Stage, ahead: Prefetched | undefined): Stage {
  const isLinked = [stage.reader, ...(ahead?.readers ?? [])].some(({ throughLink }) => throughLink)
  if (!isLinked) return stage
  return { ...stage, performer: () => stage.performer(['*']), changesBehind: () => Promise.resolve([]) }
}

function settled(
  status: Attempt['status'],
  summary: string,
  outcome: { readonly result?: Values; readonly facts?: Values; readonly groups?: readonly string[] },
): Attempt {
  return {
    status,
    summary,
    hint: undefined,
    changes: [],
    diffs: [],
    result: outcome.result ?? {},
    facts: outcome.facts ?? {},
    groups: outcome.groups ?? [],
  }
}

async function perform(decision: ChangeDecision, stage: Stage): Promise<Attempt> {
  await stage.permitted()
  const behind = await stage.changesBehind(decision.change)
  if (behind.length === 0) return performExplained(decision, stage)
  const chain = new Chain()
  const first = chain.add(performExplained(decision, inChain(stage, chain)))
  for (const coming of behind) coming.begin(chain)
  return first
}

/** A change that goes out before its turn. Undefined: the host did not come to it, and it is one as any other in its turn. */
export async function performBehind(
  decision: ChangeDecision,
  stage: Stage,
  chain: Chain,
): Promise<Attempt | undefined> {
  try {
    return await performExplained(decision, inChain(stage, chain))
  } catch (thrown) {
    return thrown instanceof NotReached ? undefined : troubled(thrown, stage)
  }
}

/** A task that finds nothing to do behind changes that go out before their turn. Undefined where they do not succeed. */
export async function keepBehind(decision: Keep, chain: Chain): Promise<Attempt | undefined> {
  return (await chain.succeeds) ? settled('ok', decision.reason, decision) : undefined
}

function inChain(stage: Stage, chain: Chain): Stage {
  return { ...stage, performer: (subjects) => chain.link(stage.performer(subjects)) }
}

/** A failed effect tells what happened on the host; the module may know where the cause stands. */
async function performExplained(decision: ChangeDecision, stage: Stage): Promise<Attempt> {
  try {
    return await performAll(decision, stage)
  } catch (thrown) {
    if (!(thrown instanceof TaskError)) throw thrown
    const cause = await decision.explain?.(stage.look)
    if (cause === undefined) throw thrown
    throw new TaskError(cause.message, { hint: cause.hint, cause: thrown })
  }
}

async function performAll(decision: ChangeDecision, stage: Stage): Promise<Attempt> {
  const results: Values[] = []
  for (const effect of decision.change.effects) {
    results.push(await performOne(effect, decision, stage))
  }
  const attempt = changed(decision, decision.collect?.(results) ?? (Object.assign({}, ...results) as Values))
  return failedIfSo(attempt)
}

function failedIfSo(attempt: Attempt): Attempt {
  return isFailure(attempt.result) ? { ...attempt, status: 'failed', summary: failureText(attempt) } : attempt
}

/** Ansible's rule: a return code other than 0 is a failure unless the module says otherwise. */
function isFailure(result: Values): boolean {
  const { failed, rc } = result
  return typeof failed === 'boolean' ? failed : typeof rc === 'number' && rc !== 0
}

function failureText({ result, summary }: Attempt): string {
  if (typeof result['msg'] === 'string') return result['msg']
  const output = [result['stderr'], result['stdout']].find((text) => typeof text === 'string' && text.trim() !== '')
  const said = typeof output === 'string' ? `: ${output.trim().split('\n').slice(-3).join(' | ')}` : ''
  return typeof result['rc'] === 'number' ? `${summary}: exit code ${String(result['rc'])}${said}` : summary
}

async function performOne(effect: Effect, { explain }: ChangeDecision, stage: Stage): Promise<Values> {
  const subjects = subjectsOf(effect)
  if (stage.signal.aborted) throw stage.signal.reason as Error
  stage.record(effect, 'intent', explain)
  await stage.recorded()
  if (stage.signal.aborted) throw stage.signal.reason as Error
  try {
    const result = await performEffect(effect, stage.performer(subjects))
    stage.record(effect, 'done')
    return result
  } catch (thrown) {
    stage.record(effect, 'failed')
    throw thrown
  } finally {
    // Effects that use no shell of ours (a REST request) send nothing that could be ordered before a look.
    if (effect.kind === 'http-request') stage.touched(subjects)
    stage.performed(subjects)
  }
}

async function foresee(decision: ChangeDecision, forecast: Forecast, stage: Stage): Promise<Attempt> {
  let known = true
  for (const effect of decision.change.effects) {
    const host = { reader: stage.reader, forecast, clock: stage.look.clock }
    if ((await forecastEffect(effect, host)) === 'unknown') known = false
    if (!stage.onlyLooks) forecast.notePending()
    stage.touched(subjectsOf(effect))
  }
  const attempt = changed(decision, {})
  return known ? attempt : { ...attempt, status: 'undetermined' }
}

function changed(decision: ChangeDecision, result: Values): Attempt {
  const { change } = decision
  return {
    ...settled('changed', change.summary, decision),
    changes: change.effects.length > 1 ? change.effects.map(effectDescription) : [change.summary],
    diffs: change.diff === undefined ? [] : [change.diff],
    result: { ...decision.result, ...result },
  }
}

async function waitFor(wait: Wait, stage: Stage): Promise<Attempt> {
  if (stage.forecast !== undefined) return foreseeWait(wait, stage)
  const { clock } = stage.look
  const deadline = clock.now().getTime() + wait.timeoutMs
  let said = ''
  for (let pause = Math.min(250, wait.intervalMs); ; pause = Math.min(pause * 2, wait.intervalMs)) {
    const probe = await wait.probe(stage.look)
    if (probe.done) return settled('ok', probe.reason, { ...wait, ...probe })
    if (probe.final === true || clock.now().getTime() + pause > deadline) return timedOut(wait, probe, stage)
    if (probe.found !== said) stage.progress(`waiting for ${wait.what}: ${probe.found}`)
    said = probe.found
    await clock.sleep(pause, stage.signal)
    stage.waited()
  }
}

async function foreseeWait(wait: Wait, stage: Stage): Promise<Attempt> {
  if (stage.pending()) return settled('undetermined', `would wait for ${wait.what}`, wait)
  const probe = await wait.probe(stage.look)
  if (probe.done) return settled('ok', probe.reason, { ...wait, ...probe })
  return settled('undetermined', `would wait for ${wait.what}; now: ${probe.found}`, wait)
}

async function timedOut(wait: Wait, last: Probe & { readonly done: false }, stage: Stage): Promise<Attempt> {
  const cause = await wait.explain?.(stage.look)
  const message = `Gave up waiting for ${wait.what}: ${cause?.message ?? last.found}`
  return {
    ...settled('failed', message, { ...wait, ...(last.result === undefined ? {} : { result: last.result }) }),
    hint: cause?.hint,
  }
}

/** In check mode a look can fail only because earlier changes were not made: then nothing is known, and that is said. */
function troubled(thrown: unknown, stage: Stage): Attempt {
  if (thrown instanceof ConnectionError) {
    return { ...settled('unreachable', placedMessage(thrown), {}), hint: thrown.hint }
  }
  if (!(thrown instanceof ElksealError)) throw thrown
  if (isForeseen(stage) && thrown instanceof TaskError) return unknowable(thrown.message)
  return { ...settled('failed', placedMessage(thrown), {}), hint: thrown.hint }
}

/** A line of known_hosts, or of a file that a task reads. */
function placedMessage({ message, position }: ElksealError): string {
  return position === undefined ? message : `${message} (${renderPosition(position)})`
}

function isForeseen(stage: Stage): boolean {
  return stage.forecast !== undefined && stage.pending()
}

function hasLooked(stage: Stage, ahead: Prefetched | undefined): boolean {
  return (ahead?.readers ?? [stage.reader]).some((reader) => reader.subjects.size > 0)
}

function unknowable(message: string): Attempt {
  return settled('undetermined', `cannot be known before the changes above are made; now: ${shortened(message)}`, {})
}

/** What a task says of the state before is an aside here, not what it is about: the list of a verification is long. */
function shortened(text: string): string {
  return text.length > 120 ? `${text.slice(0, 119)}…` : text
}
