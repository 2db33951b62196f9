import type { ElksealEvent, ElksealRun } from './elkseal.ts'

export function troubles({ events }: ElksealRun): readonly ElksealEvent[] {
  return events.filter(({ event, status }) => event === 'task' && (status === 'failed' || status === 'unreachable'))
}

export function putBack({ events }: ElksealRun, node: string): ElksealEvent | undefined {
  return events.find(({ task, host }) => task === 'Put the host back as it was' && host === node)
}

export function notices({ events }: ElksealRun): string {
  return events
    .filter(({ event }) => event === 'notice')
    .map(({ message }) => message)
    .join('\n')
}

/** What went wrong in a run, for the message of an assertion. */
export function told(result: ElksealRun): string {
  const lines = troubles(result).map(({ host, task, summary }) => `${host ?? ''} ${task ?? ''}: ${summary ?? ''}`)
  return [...lines, notices(result), result.text.slice(-1000)].join('\n')
}
