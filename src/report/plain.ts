import type { RunEvent, TaskFinished } from '../engine/events.ts'
import { problemText } from './problem-text.ts'
import { diffText } from './diff-text.ts'
import { durationText, recapLines } from './recap.ts'
import type { Reporter, ReportTarget } from './reporter.ts'
import { dye, paint, printable } from './style.ts'

/**
 * Lines in Ansible's manner, for pipes, logs and CI. Rules: one line a result; a change says what changed; a failure
 * says what was tried, what came back and, on its own line, what to do next; nothing is printed twice.
 */
export function plainReporter(target: ReportTarget): Reporter {
  const line = (text: string) => target.write(`${target.redactor.redact(text)}\n`)
  return {
    listen: (event) => {
      for (const text of linesOf(event, target)) line(text)
    },
    finish: async () => undefined,
  }
}

function linesOf(event: RunEvent, target: ReportTarget): readonly string[] {
  switch (event.event) {
    case 'run':
      return event.check ? ['CHECK MODE: nothing is changed, what would be changed is shown'] : []
    case 'play':
      if (event.absent === true) return []
      return [
        '',
        banner(`PLAY [${event.play}]`, target),
        ...(event.hosts.length === 0 ? ['skipping: no hosts matched'] : []),
      ]
    case 'batch':
      return ['', `BATCH ${String(event.number)} of ${String(event.of)}: ${event.hosts.join(', ')}`]
    case 'task-start':
      return ['', banner(`${event.handler ? 'RUNNING HANDLER' : 'TASK'} [${event.task}]`, target)]
    case 'progress':
      return [dye(`  [${event.host}] ${printable(event.message)}`, 'dim', target.color)]
    case 'task':
      return resultLines(event, target)
    case 'gate':
      return [`gate ${event.gate} is ${event.open ? 'open' : 'closed'} on [${event.host}]: ${event.reason}`]
    case 'notice':
      return [event.level === 'warning' ? dye(`[WARNING]: ${event.message}`, 'magenta', target.color) : event.message]
    case 'problem':
      return [problemText(event.problem, target.color)]
    case 'recap':
      return [
        '',
        banner('PLAY RECAP', target),
        ...recapLines(event, target),
        '',
        `${event.check ? 'Checked' : 'Finished'} in ${durationText(event.durationMs)}`,
      ]
  }
}

function banner(title: string, target: ReportTarget): string {
  const width = target.columns === Infinity ? 80 : Math.min(target.columns, 100)
  return dye(`${title} ${'*'.repeat(Math.max(3, width - title.length - 1))}`, 'bold', target.color)
}

function resultLines(event: TaskFinished, target: ReportTarget): readonly string[] {
  const head = paint(headOf(event), event.status, target.color)
  const diffs = event.diffs.map((diff) => coloredDiff(diffText(diff), target.color))
  const changes = event.changes.length > 1 ? event.changes.map((change) => `    ${printable(change)}`) : []
  const hint = event.hint === undefined ? [] : [`    next: ${printable(event.hint)}`]
  const ignored = event.status === 'ignored' ? ['...ignoring'] : []
  const result =
    target.verbosity > 1 ? [`    ${printable(JSON.stringify(target.redactor.redactValue(event.result)))}`] : []
  return [...diffs, head, ...changes, ...hint, ...ignored, ...result]
}

const words = {
  ok: 'ok',
  changed: 'changed',
  skipped: 'skipping',
  failed: 'fatal',
  unreachable: 'fatal',
  undetermined: 'undetermined',
  rescued: 'rescued',
  ignored: 'fatal',
} as const

function headOf(event: TaskFinished): string {
  const host = event.delegatedTo === undefined ? event.host : `${event.host} -> ${event.delegatedTo}`
  const item = event.item === undefined ? '' : ` (item=${printable(event.item)})`
  const shout = { failed: ' FAILED!', ignored: ' FAILED!', unreachable: ' UNREACHABLE!' } as const
  const loud = event.status in shout ? shout[event.status as keyof typeof shout] : ''
  const summary = event.summary === '' ? '' : ` => ${printable(event.summary)}`
  return `${words[event.status]}: [${host}]${loud === '' ? '' : ':'}${loud}${item}${summary}`
}

function coloredDiff(text: string, color: boolean): string {
  return text
    .split('\n')
    .map((line) => {
      if (line.startsWith('+')) return dye(printable(line), 'green', color)
      if (line.startsWith('-')) return dye(printable(line), 'red', color)
      return line.startsWith('@@') ? dye(line, 'cyan', color) : printable(line)
    })
    .join('\n')
}
