import type { RunEvent } from '../engine/events.ts'
import type { Reporter, ReportTarget } from './reporter.ts'

/** One JSON object a line for programs; see docs/output.md. Names in snake case, as Ansible's results. */
export function jsonReporter(target: ReportTarget): Reporter {
  return {
    listen: (event) => {
      const object = objectOf(event)
      if (object !== undefined) target.write(`${JSON.stringify(target.redactor.redactValue(object))}\n`)
    },
    finish: async () => undefined,
  }
}

function objectOf(event: RunEvent): Readonly<Record<string, unknown>> | undefined {
  switch (event.event) {
    case 'run':
      return { event: 'run', id: event.id, playbook: event.playbook, check: event.check, started: event.started }
    case 'play':
    case 'batch':
    case 'gate':
    case 'notice':
      return { ...event }
    case 'task':
      return {
        event: 'task',
        play: event.play,
        task: event.task,
        host: event.host,
        ...(event.delegatedTo === undefined ? {} : { delegated_to: event.delegatedTo }),
        module: event.module,
        status: event.status,
        summary: event.summary,
        changes: event.changes,
        ...(event.diffs.length > 0 ? { diff: event.diffs.map(snakeDiff) } : {}),
        ...(event.hint === undefined ? {} : { hint: event.hint }),
        ...(event.item === undefined ? {} : { item: event.item }),
        result: event.result,
        duration_ms: event.durationMs,
      }
    case 'problem': {
      const { message, hint, position } = event.problem
      return { event: 'problem', message, ...(hint === undefined ? {} : { hint }), ...position }
    }
    case 'recap':
      return { event: 'recap', check: event.check, hosts: event.hosts, duration_ms: event.durationMs }
    case 'task-start':
    case 'progress':
      return undefined
  }
}

function snakeDiff(diff: { before: string; after: string; beforeHeader: string; afterHeader: string }) {
  return { before: diff.before, after: diff.after, before_header: diff.beforeHeader, after_header: diff.afterHeader }
}
