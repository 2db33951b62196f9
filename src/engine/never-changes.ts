import type { Task } from '../playbook/playbook.ts'

/** `changed_when: false`: the author says that it only looks, so a check need not reckon with a change. */
export function neverChanges(task: Task): boolean {
  return task.changedWhen?.length === 1 && task.changedWhen[0]?.toLowerCase() === 'false'
}
