import type { TaskFinished } from '../events.ts'

/** What the results of undoing have in common. */
export const undoEvent: Omit<TaskFinished, 'play' | 'host' | 'status' | 'summary' | 'hint' | 'durationMs'> = {
  event: 'task',
  task: 'Put the host back as it was',
  delegatedTo: undefined,
  module: 'rollback',
  changes: [],
  diffs: [],
  result: {},
  item: undefined,
  noLog: false,
}
