import type { Position } from '../errors.ts'
import type { Play, RawMap, Task } from '../playbook/playbook.ts'

export interface ImplicitTask {
  readonly name: string
  readonly module: string
  readonly args?: RawMap
  readonly position: Position
  readonly runOnce?: boolean
}

/** A task that nobody wrote: fact gathering, gates. It runs whatever tags are asked for. */
export function implicitTask(play: Play, { name, module, args = {}, position, runOnce }: ImplicitTask): Task {
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
    changedWhen: undefined,
    failedWhen: undefined,
    until: undefined,
    retries: undefined,
    delaySeconds: undefined,
    loop: undefined,
    folder: play.folder,
  }
}
