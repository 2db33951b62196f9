import type { Lasting } from '../../facts/question.ts'
import type { Change } from '../../modules/module.ts'
import type { Task } from '../../playbook/playbook.ts'
import type { Attempt } from '../attempt.ts'
import type { HostReader } from '../host-reader.ts'
import type { ChangeDigests } from './change-digest.ts'
import { placeKey, type Plan, type PlannedPlay, type PlannedStep, type SeenAnswer } from './plan.ts'
import type { PlanKey } from './plan-key.ts'
import type { PlanWatch, WatchedTask } from './plan-watch.ts'
import { redactedStep, shownEffects, shownPlace, shownSummary } from './shown-step.ts'

/** What a check run showed: the part of a plan that is not known before. */
export type Recorded = Pick<Plan, 'plays' | 'steps' | 'seen'>

interface Step {
  readonly order: number
  readonly step: PlannedStep
}

/** Notes what a check run would do and what it saw. */
export class PlanRecorder implements PlanWatch {
  readonly #key: PlanKey
  readonly #digests: ChangeDigests
  readonly #redact: (text: string) => string
  readonly #plays: PlannedPlay[] = []
  readonly #steps: Step[] = []
  readonly #seen = new Map<string, Map<string, Lasting>>()
  readonly #files = new Set<string>()
  #latest: { readonly task: Task; readonly batch: readonly string[] } | undefined
  #order = 0

  constructor(key: PlanKey, digests: ChangeDigests, redact: (text: string) => string) {
    this.#key = key
    this.#digests = digests
    this.#redact = redact
  }

  /** Every file that a task came from: those of include_tasks are known only now. */
  get files(): ReadonlySet<string> {
    return this.#files
  }

  play(play: string, hosts: readonly string[]): void {
    this.#plays.push({ play, hosts })
  }

  change(task: WatchedTask, change: Change): void {
    const digest = this.#digests.of({ ...task, change })
    const shown = task.shown()
    const { host } = shown.place
    this.#add(task, {
      ...shownPlace(shown),
      module: task.module.name,
      ...(task.machine === host ? {} : { on: task.machine }),
      status: 'change',
      summary: shownSummary(change.summary, shown),
      effects: shownEffects(change, shown),
      digest,
    })
  }

  settled(task: WatchedTask, attempt: Attempt, readers: readonly HostReader[]): void {
    this.#files.add(task.task.position.file)
    for (const reader of readers) this.#noteSeen(reader)
    if (attempt.status !== 'undetermined') return
    const shown = task.shown()
    const common = { ...shownPlace(shown), module: task.module.name }
    const index = this.#steps.findLastIndex(({ step }) => placeKey(step) === placeKey(common))
    const known = this.#steps[index]
    if (known?.step.status === 'change') {
      // Decided, but nobody can say what comes of it: a command.
      this.#steps[index] = { ...known, step: { ...known.step, status: 'undetermined' } }
      return
    }
    const summary = shownSummary(attempt.summary, shown)
    this.#add(task, { ...common, status: 'undetermined', summary, effects: [] })
  }

  /** Redacted only now: a secret may have become known after a text that holds it. */
  finish(): Recorded {
    const steps = [...this.#steps].sort((a, b) => a.order - b.order || compareText(a.step.host, b.step.host))
    const seen = [...this.#seen]
      .sort(([a], [b]) => compareText(a, b))
      .map(([host, answers]) => {
        const sorted = [...answers].map(([of, lasting]) => [this.#redact(of), this.#answer(lasting)] as const)
        return [host, Object.fromEntries(sorted.sort(([a], [b]) => compareText(a, b)))] as const
      })
    const plays = this.#plays.map(({ play, hosts }) => ({ play: this.#redact(play), hosts }))
    return { plays, steps: steps.map(({ step }) => redactedStep(step, this.#redact)), seen: Object.fromEntries(seen) }
  }

  /** A task is done on all hosts before the next one: hosts that answer in another order stay in theirs. */
  #add({ task, batch }: WatchedTask, step: PlannedStep): void {
    if (this.#latest?.task !== task || this.#latest.batch !== batch) {
      this.#latest = { task, batch }
      this.#order += 1
    }
    this.#steps.push({ order: this.#order, step })
  }

  #noteSeen(reader: HostReader): void {
    const answers = this.#seen.get(reader.host) ?? new Map<string, Lasting>()
    this.#seen.set(reader.host, answers)
    // What is seen first is what was there before anything that this run does.
    for (const [of, lasting] of reader.seen) if (!answers.has(of)) answers.set(of, lasting)
  }

  #answer({ words, content }: Lasting): SeenAnswer {
    const shown = this.#redact(words)
    return content === undefined ? { words: shown } : { words: shown, digest: this.#key.digest(content) }
  }
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
