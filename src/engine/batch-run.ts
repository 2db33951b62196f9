import type { Inherited, Item, Play, Task } from '../playbook/playbook.ts'
import { isSelected } from '../playbook/select-tags.ts'
import { HostState } from './host-state.ts'
import { hostState, type RunContext } from './run-context.ts'
import type { TaskPlace } from './task-scope.ts'

/** One batch of a play while it runs: who is still well, and whether the batch must stop. */
export class BatchRun {
  readonly context: RunContext
  readonly play: Play
  readonly hosts: readonly string[]
  /** What surrounds the play's own items. */
  readonly place: TaskPlace
  #guards = 0
  #stopped = false
  #playEnded = false
  #isCutOff = false
  readonly #left = new Set<string>()

  constructor(context: RunContext, place: TaskPlace) {
    this.context = context
    this.play = place.play
    this.hosts = place.batchHosts
    this.place = place
  }

  /** No further task of this batch may start: any_errors_fatal, or the second ctrl-C. */
  get stopped(): boolean {
    return this.#stopped || this.context.interruption.signal.aborted
  }

  /** `meta: end_play`, or any_errors_fatal: the play's later batches do not run. */
  get playEnded(): boolean {
    return this.#playEnded
  }

  /** One host's failure has stopped it for all. */
  get isCutOff(): boolean {
    return this.#isCutOff
  }

  /** These had tasks before them when it was stopped. */
  leave(hosts: readonly string[]): void {
    if (this.#isCutOff) for (const host of hosts) this.#left.add(host)
  }

  isInTheMiddle(host: string): boolean {
    return this.#left.has(host)
  }

  endPlay(): void {
    this.#stopped = true
    this.#playEnded = true
  }

  endBatch(): void {
    this.#stopped = true
  }

  state(host: string): HostState {
    return hostState(this.context, host, () => new HostState(host, this.context.check))
  }

  condition(host: string): HostState['condition'] {
    return this.state(host).condition
  }

  isWell(host: string): boolean {
    return this.condition(host) === 'well'
  }

  selects(item: Item, inherited: Inherited): boolean {
    return isSelected([...inherited.tags, ...item.common.tags], this.context.selection)
  }

  fail(host: string, condition: 'failed' | 'unreachable'): void {
    this.state(host).condition = condition
    this.state(host).sentAhead.clear()
    if (!this.play.anyErrorsFatal || this.#guards > 0) return
    this.#isCutOff = true
    this.endPlay()
  }

  endHost(host: string): void {
    this.state(host).condition = 'ended'
  }

  /** A failure inside is not yet fatal for the batch when a rescue stands behind it. */
  async guarded<T>(guard: boolean, work: () => Promise<T>): Promise<T> {
    if (guard) this.#guards += 1
    try {
      return await work()
    } finally {
      if (guard) this.#guards -= 1
    }
  }

  /** Clears the failure so that the rescue can run; what it counted as failed counts as rescued if that succeeds. */
  rescue(host: string): void {
    const state = this.state(host)
    state.condition = 'well'
    state.counts.failed -= 1
  }

  countRescued(host: string): void {
    this.state(host).counts.rescued += 1
  }

  /** `always` runs for hosts that failed, and where another one's failure has stopped the batch. */
  async evenIfFailed(failed: readonly string[], work: () => Promise<unknown>): Promise<void> {
    for (const host of failed) this.state(host).condition = 'well'
    const isStopped = this.#stopped
    if (this.#isCutOff) this.#stopped = false
    try {
      await work()
    } finally {
      this.#stopped ||= isStopped
      for (const host of failed) if (this.isWell(host)) this.state(host).condition = 'failed'
    }
  }

  notify(host: string, handlers: readonly Task[]): void {
    for (const handler of handlers) this.state(host).notified.add(handler)
  }
}
