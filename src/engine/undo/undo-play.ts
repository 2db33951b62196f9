import type { Play } from '../../playbook/playbook.ts'
import type { UndoStage } from './undo-plan.ts'

/** A rollback as a play: its hosts are locked and connected to as those of any other. */
export function undoPlay(file: string, plan: readonly UndoStage[]): Play {
  const position = { file, line: 1, column: 1 }
  const account = plan
    .flat()
    .flatMap((group) => group.changes)
    .find((change) => change.account !== undefined)?.account
  const become = account === undefined ? {} : { become: true, becomeMethod: account.method, becomeUser: account.user }
  return {
    name: 'Roll back',
    hosts: hostsOf(plan).join(','),
    position,
    serial: [],
    order: 'inventory',
    maxFailPercentage: undefined,
    anyErrorsFatal: true,
    gatherFacts: false,
    vars: {},
    varsFiles: [],
    common: { tags: [], vars: {}, when: [], ...become },
    roll: undefined,
    preTasks: [],
    tasks: [],
    postTasks: [],
    handlers: [],
    folder: '.',
  }
}

export function hostsOf(plan: readonly UndoStage[]): readonly string[] {
  return [...new Set(plan.flat().map((group) => group.host))]
}
