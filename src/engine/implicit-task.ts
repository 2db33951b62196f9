import type { Position } from '../errors.ts'
import type { Play, RawMap, Task } from '../playbook/playbook.ts'

export interface ImplicitTask {
  readonly name: string
  readonly module: string
  readonly args?: RawMap
  readonly position: Position
  readonly runOnce?: boolean
  /** It is no change of the user's, whatever it does. */
  readonly changedWhen?: readonly string[]
}

/** A task that nobody wrote: fact gathering, gates. It runs whatever tags are asked for. */
export function implicitTask(play: Play, implicit: ImplicitTask): Task {
  const { name, module, args = {}, position, runOnce, changedWhen } = implicit
  return {
    kind: 'task',
    name,
    position,
    common: { tags: ['always'], vars: {}, when: [], ...(runOnce === true ? { runOnce } : {}) },
    module,
    args,
    argPositions: new Map(),
    notify: [],
    listen: [],
    register: undefined,
    changedWhen,
    failedWhen: undefined,
    until: undefined,
    retries: undefined,
    delaySeconds: undefined,
    loop: undefined,
    folder: play.folder,
  }
}
