import { relative } from 'node:path'
import type { Values } from '../../modules/module.ts'
import type { Execution } from '../execution.ts'
import { labelText } from '../run-loop.ts'
import { taskScope } from '../task-scope.ts'
import { taskName } from '../tell-result.ts'
import { valueOr } from '../value-or.ts'
import { isTrue } from '../values.ts'
import type { ShownTask, WatchedTask } from './plan-watch.ts'

/** An execution as a plan sees it. */
export function watchedTask(execution: Execution, args: Values, machine: string): WatchedTask {
  const { task, module, place } = execution
  const item = task.loop === undefined ? undefined : place.loop?.[task.loop.loopVar]
  const { batchHosts: batch, rescue } = place
  return { task, module, args, item, machine, batch, isRescue: rescue === true, shown: () => shown(execution, item) }
}

/** `no_log` hides in a plan what it hides on the screen. */
function shown({ context, task, host, place }: Execution, item: unknown): ShownTask {
  const scope = taskScope(context, host, place)
  // A no_log that cannot be rendered hides: what it was meant to hide is not known.
  const isHidden = isTrue(valueOr(scope, place.inherited.noLog ?? false, true))
  const { file, line, column } = task.position
  const at = `${relative(context.playbookFolder, file)}:${String(line)}:${String(column)}`
  const named = { host, play: place.play.name, task: taskName(task, scope), at }
  if (task.loop === undefined) return { isHidden, place: named }
  return { isHidden, place: { ...named, item: labelText(valueOr(scope, task.loop.label, item)) } }
}
