import { Listr, type DefaultRenderer, type ListrTask, type ListrTaskWrapper, type SimpleRenderer } from 'listr2'
import type { RunEvent, TaskFinished, TaskProgress, TaskStarted } from '../engine/events.ts'
import { plainReporter } from './plain.ts'
import { durationText } from './recap.ts'
import type { Reporter, ReportTarget } from './reporter.ts'
import { paint, printable } from './style.ts'

/**
 * The live tree of a terminal. Rules: the task that runs is a small tree of its hosts, with a spinner each and what a
 * wait has found so far; a task that is done stays as one line when all went without a word, and keeps the lines of
 * hosts that changed or are in trouble. listr2 only draws: its tasks do nothing but await our events.
 */
export function liveReporter(target: ReportTarget): Reporter {
  return new LiveReporter(target)
}

class LiveReporter implements Reporter {
  readonly #target: ReportTarget
  readonly #plain: Reporter
  #current: LiveTask | undefined
  /** Drawn one after the other: the next tree starts when the last is complete. */
  #drawn: Promise<unknown> = Promise.resolve()

  constructor(target: ReportTarget) {
    this.#target = target
    this.#plain = plainReporter(target)
  }

  listen(event: RunEvent): void {
    switch (event.event) {
      case 'task-start':
        this.#start(event)
        return
      case 'progress':
        this.#current?.progress(event)
        return
      case 'task':
        if (this.#current?.take(event) === true) return
        this.#after(() => this.#plain.listen(event))
        return
      case 'run':
      case 'play':
      case 'batch':
      case 'gate':
      case 'notice':
      case 'problem':
      case 'recap':
        this.#close()
        this.#after(() => this.#plain.listen(event))
    }
  }

  async finish(): Promise<void> {
    this.#close()
    await this.#drawn
  }

  #start(event: TaskStarted): void {
    this.#close()
    const task = new LiveTask(event, this.#target)
    this.#current = task
    this.#after(() => task.draw())
  }

  /** Hosts that have told nothing (the run was cut off) do not keep the tree open. */
  #close(): void {
    const closed = this.#current
    this.#current = undefined
    if (closed === undefined) return
    closed.end()
    this.#after(() => {
      for (const event of closed.worthKeeping()) this.#plain.listen(event)
    })
  }

  #after(work: () => unknown): void {
    this.#drawn = this.#drawn.then(work)
  }
}

interface Line {
  readonly done: Promise<void>
  readonly settle: () => void
  results: TaskFinished[]
  wrapper: ListrTaskWrapper<unknown, typeof DefaultRenderer, typeof SimpleRenderer> | undefined
}

/** One task on its hosts while it runs. */
class LiveTask {
  readonly #event: TaskStarted
  readonly #target: ReportTarget
  readonly #lines: ReadonlyMap<string, Line>
  readonly #started = Date.now()

  constructor(event: TaskStarted, target: ReportTarget) {
    this.#event = event
    this.#target = target
    this.#lines = new Map(event.hosts.map((host) => [host, newLine()]))
  }

  /** False for a result of a host or task that is not drawn here. */
  take(event: TaskFinished): boolean {
    const line = this.#lines.get(event.host)
    if (line === undefined || event.task !== this.#event.task) return false
    line.results.push(event)
    if (line.wrapper !== undefined) line.wrapper.title = this.#lineText(event.host, line)
    if (event.item === undefined) line.settle()
    return true
  }

  progress(event: TaskProgress): void {
    const wrapper = this.#lines.get(event.host)?.wrapper
    if (wrapper !== undefined) wrapper.output = this.#safe(printable(event.message))
  }

  end(): void {
    for (const line of this.#lines.values()) line.settle()
  }

  async draw(): Promise<void> {
    const tasks = [...this.#lines].map(([host, line]): ListrTask => ({
      title: host,
      task: async (_context, wrapper) => {
        line.wrapper = wrapper as NonNullable<Line['wrapper']>
        if (line.results.length > 0) wrapper.title = this.#lineText(host, line)
        await line.done
        if (line.results.some(isTrouble)) throw new Error(this.#lineText(host, line))
      },
    }))
    const title = printable(this.#event.handler ? `handler: ${this.#event.task}` : this.#event.task)
    const tree = new Listr(
      [
        {
          title: this.#safe(title),
          task: async (_context, wrapper) => {
            const inner = wrapper.newListr(tasks, { concurrent: true, exitOnError: false })
            void Promise.all([...this.#lines.values()].map((line) => line.done)).then(() => {
              wrapper.title = this.#titleText(title)
            })
            return inner
          },
        },
      ],
      {
        renderer: 'default',
        exitOnError: false,
        rendererOptions: {
          collapseSubtasks: true,
          collapseErrors: true,
          showErrorMessage: false,
          formatOutput: 'truncate',
        },
      },
    )
    await tree.run()
  }

  /** What stays under the tree: changes with their differences, and trouble with what to do. */
  worthKeeping(): readonly TaskFinished[] {
    return [...this.#lines.values()]
      .flatMap((line) => line.results)
      .filter((event) => isTrouble(event) || event.status === 'changed' || event.status === 'undetermined')
  }

  #titleText(title: string): string {
    const statuses = [...this.#lines.values()].flatMap((line) => line.results.map((event) => event.status))
    const counted = [...new Set(statuses)]
      .map((status) =>
        paint(`${status} ${String(statuses.filter((one) => one === status).length)}`, status, this.#target.color),
      )
      .join(', ')
    return this.#safe(`${title}  ${counted}  ${durationText(Date.now() - this.#started)}`)
  }

  #lineText(host: string, line: Line): string {
    const last = line.results.at(-1)
    if (last === undefined) return host
    return `${host}  ${paint(last.status, last.status, this.#target.color)}  ${this.#safe(printable(last.summary))}`
  }

  #safe(text: string): string {
    return this.#target.redactor.redact(text.replaceAll('\n', ' '))
  }
}

function isTrouble(event: TaskFinished): boolean {
  return event.status === 'failed' || event.status === 'unreachable' || event.status === 'ignored'
}

function newLine(): Line {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { done: promise, settle: resolve, results: [], wrapper: undefined }
}
