import { stripVTControlCharacters } from 'node:util'
import {
  Listr,
  ListrDefaultRendererLogLevels,
  type DefaultRenderer,
  type ListrTask,
  type ListrTaskWrapper,
  type SimpleRenderer,
} from 'listr2'
import type { Notice, RunEvent, TaskFinished, TaskProgress, TaskStarted } from '../engine/events.ts'
import { plainReporter } from './plain.ts'
import { durationText } from './recap.ts'
import type { Reporter, ReportTarget } from './reporter.ts'
import { dye, paint, printable } from './style.ts'

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
      case 'notice':
        if (this.#current === undefined) this.#after(() => this.#plain.listen(event))
        else this.#current.note(event)
        return
      case 'run':
      case 'play':
      case 'batch':
      case 'gate':
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
  readonly #notes: Notice[] = []
  #wrapper: Line['wrapper']

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

  /** Shown under the task while it runs, and as a line of its own afterwards. */
  note(event: Notice): void {
    this.#notes.push(event)
    if (this.#wrapper !== undefined) this.#wrapper.output = this.#safe(printable(event.message))
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
        if (line.results.some(isFailure)) throw new Error(this.#lineText(host, line))
      },
    }))
    const title = printable(this.#event.handler ? `handler: ${this.#event.task}` : this.#event.task)
    const tree = new Listr(
      [
        {
          title: this.#safe(title),
          task: async (_context, wrapper) => {
            this.#wrapper = wrapper as NonNullable<Line['wrapper']>
            const inner = wrapper.newListr(tasks, { concurrent: true, exitOnError: false })
            void Promise.all([...this.#lines.values()].map((line) => line.done)).then(() => {
              wrapper.title = this.#titleText(title)
              this.#hideHosts()
            })
            return inner
          },
        },
      ],
      {
        renderer: 'default',
        exitOnError: false,
        // Its own listener ends the process at the first ctrl-C, with code 127.
        registerSignalListeners: false,
        rendererOptions: {
          collapseSubtasks: true,
          collapseErrors: true,
          showErrorMessage: false,
          formatOutput: 'truncate',
          icon: { [ListrDefaultRendererLogLevels.COMPLETED_WITH_FAILED_SUBTASKS]: '✖' },
          color: { [ListrDefaultRendererLogLevels.COMPLETED_WITH_FAILED_SUBTASKS]: red },
        },
      },
    )
    await tree.run()
  }

  /** listr2 keeps subtasks that failed on the screen; what is worth keeping is printed below, in full. */
  #hideHosts(): void {
    for (const { wrapper } of this.#lines.values())
      if (wrapper !== undefined) Object.assign(wrapper, { title: undefined })
  }

  /** What stays under the tree: changes with their differences, trouble with what to do, and what was said meanwhile. */
  worthKeeping(): readonly RunEvent[] {
    const results = [...this.#lines.values()]
      .flatMap((line) => line.results)
      .filter((event) => isWorthKeeping(event) || this.#target.verbosity > 0)
    return [...this.#notes, ...results]
  }

  #titleText(title: string): string {
    const statuses = [...this.#lines.values()].flatMap((line) => line.results.map((event) => event.status))
    const counted = [...new Set(statuses)]
      .map((status) =>
        paint(`${status} ${String(statuses.filter((one) => one === status).length)}`, status, this.#target.color),
      )
      .join(', ')
    const tail = `  ${counted}  ${durationText(Date.now() - this.#started)}`
    // The icon stands before it, and listr2 keeps the last columns free.
    const room = Math.max(20, this.#target.columns - stripVTControlCharacters(tail).length - 5)
    return this.#safe(`${shortened(title, room)}${tail}`)
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

function isWorthKeeping(event: TaskFinished): boolean {
  const isSaid = event.module === 'debug' && event.status === 'ok'
  return isFailure(event) || isSaid || ['changed', 'undetermined', 'ignored'].includes(event.status)
}

function isFailure(event: TaskFinished): boolean {
  return event.status === 'failed' || event.status === 'unreachable'
}

function shortened(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text
}

function red(text: string | undefined): string {
  return dye(text ?? '', 'red', true)
}

function newLine(): Line {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { done: promise, settle: resolve, results: [], wrapper: undefined }
}
