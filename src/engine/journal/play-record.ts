import { waitedGateNames } from '../../elastic/gates.ts'
import { renderPosition } from '../../errors.ts'
import type { Play } from '../../playbook/playbook.ts'
import { leaves, taskSections } from '../../playbook/walk.ts'
import type { PlayRecord } from './record.ts'

/** What a rollback must know of a play, without the playbook. */
export function playRecord(play: Play, hosts: readonly string[]): PlayRecord {
  const { name, roll } = play
  const place = renderPosition(play.position)
  return { record: 'play', play: name, place, hosts, rolled: roll !== undefined, gates: gatesOf(play) }
}

/** The gates between the hosts of a roll, by the keyword or as tasks of its own. */
function gatesOf(play: Play): readonly string[] {
  if (play.roll === undefined) return []
  const items = [...leaves(taskSections(play))].map(({ item }) => item)
  const named = items.flatMap((item) =>
    item.kind === 'task' && item.module === 'cluster_gate' ? [item.args['gates']].flat() : [],
  )
  const known = named.filter((gate) => typeof gate === 'string').filter((gate) => waitedGateNames.includes(gate))
  return [...new Set([...play.roll.gates, ...known])]
}
