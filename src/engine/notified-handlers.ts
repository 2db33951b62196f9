import { TaskError } from '../errors.ts'
import type { Item, Task } from '../playbook/playbook.ts'
import type { BatchRun } from './batch-run.ts'
import { inherit } from './inherit.ts'
import { taskScope } from './task-scope.ts'

/** The handlers that a changed task notifies, by name or by topic (`listen`). The last of equal names wins. */
export function notifiedHandlers(batch: BatchRun, task: Task, host: string): readonly Task[] | TaskError {
  const place = { ...batch.place, inherited: inherit(batch.place.inherited, task.common) }
  const scope = taskScope(batch.context, host, place)
  const wanted = scope.renderValue(task.notify)
  const names = (Array.isArray(wanted) ? wanted : [wanted])
    .filter((name) => name !== null && name !== undefined)
    .map(String)
  const handlers = allHandlers(batch.play.handlers)
  const found = new Set<Task>()
  for (const name of names) {
    const named = handlers.findLast((handler) => handler.name === name)
    const listening = handlers.filter((handler) => handler.listen.includes(name))
    if (named === undefined && listening.length === 0) {
      return new TaskError(`The handler "${name}" does not exist in this play`, { position: task.position })
    }
    for (const handler of [...(named === undefined ? [] : [named]), ...listening]) found.add(handler)
  }
  return [...found]
}

/** All handlers in the order of their definition, those in blocks included. */
export function allHandlers(items: readonly Item[]): readonly Task[] {
  return items.flatMap((item) => {
    if (item.kind === 'task') return [item]
    return item.kind === 'block' ? allHandlers(item.block) : []
  })
}
