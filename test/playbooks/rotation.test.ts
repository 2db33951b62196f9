import assert from 'node:assert/strict'
import { join } from 'node:path'
import { modulesByName } from '../../src/modules/registry.ts'
import { readPlaybook } from '../../src/playbook/load.ts'
import type { Item, Play, Task } from '../../src/playbook/playbook.ts'

function tasksOf(items: readonly Item[]): readonly Task[] {
  return items.flatMap((item) => {
    if (item.kind === 'task') return [item]
    return item.kind === 'block' ? tasksOf([...item.block, ...item.rescue, ...item.always]) : []
  })
}

interface PlayOfTasks {
  readonly play: Play
  readonly modules: readonly string[]
}

function playsOf(name: string): readonly PlayOfTasks[] {
  const { playbook } = readPlaybook(join(import.meta.dirname, '../../playbooks', name), modulesByName)
  return playbook.plays.map((play) => ({ play, modules: tasksOf(play.tasks).map((task) => task.module) }))
}

const plays = playsOf('rotate-http-ca.yml')
const indexOf = (module: string, hosts: string) =>
  plays.flatMap(({ play, modules }, index) => (play.hosts === hosts && modules.includes(module) ? [index] : []))

describe('rotate-http-ca.yml', () => {
  it('restarts clients alone, one at a time', () => {
    const restarting = ['elasticsearch_service', 'current_service', 'systemd_service', 'command', 'shell']
    const found = plays.filter(({ modules }) => modules.some((module) => restarting.includes(module)))
    assert.deepEqual(
      found.map(({ play }) => [play.hosts, play.serial, play.anyErrorsFatal]),
      [
        ['kibana', [1], true],
        ['metricbeat', [1], true],
        ['kibana', [1], true],
        ['metricbeat', [1], true],
      ],
    )
  })

  it('looks at every node and every client before anything is changed', () => {
    const changing = ['certificate_authority', 'ca_bundle', 'certificate', 'copy', 'file', 'promoted_authority']
    const first = plays.findIndex(({ modules }) => modules.some((module) => changing.includes(module)))
    for (const hosts of ['elasticsearch', 'kibana', 'metricbeat']) {
      const looks = plays.slice(0, first).filter(({ play }) => play.hosts === hosts)
      assert.ok(looks.length > 0 && looks.every(({ play }) => play.anyErrorsFatal), hosts)
    }
    assert.ok((indexOf('trust_phase', 'elasticsearch')[0] ?? Infinity) < first)
  })

  it('looks again before each phase, after the one before', () => {
    const [firstTrust, secondTrust] = indexOf('client_trust', 'kibana')
    const [clientsGet, clientsLose] = indexOf('copy', 'kibana')
    const [nodesGet] = indexOf('copy', 'elasticsearch')
    const [, beforeReissue, beforeDrop] = indexOf('trust_phase', 'elasticsearch')
    const order = [firstTrust, clientsGet, secondTrust, beforeReissue, nodesGet, beforeDrop, clientsLose]
    assert.deepEqual(order, order.toSorted((a = 0, b = 0) => a - b))
    for (const index of [beforeReissue!, beforeDrop!]) {
      const { modules } = plays[index]!
      const asserted = modules.indexOf('assert')
      assert.ok(modules.indexOf('certificate_status') < modules.indexOf('trust_phase'))
      assert.ok(modules.indexOf('trust_phase') < asserted)
      for (const change of ['certificate', 'promoted_authority', 'ca_bundle']) {
        assert.ok(!modules.includes(change) || modules.indexOf(change) > asserted, change)
      }
    }
  })

  it('judges by what clients trust also where nodes need nothing: a look that is skipped leaves nothing to judge by', () => {
    for (const hosts of ['kibana', 'metricbeat']) {
      const [, again] = indexOf('client_trust', hosts)
      const [look] = plays[again!]!.play.tasks
      assert.deepEqual(look?.common.when, ['rotation.reissue or rotation.drop'])
    }
  })

  it('changes nodes in one play alone, one at a time, and puts back a node that fails', () => {
    const changing = plays.filter(
      ({ play, modules }) => play.hosts === 'elasticsearch' && (modules.includes('copy') || modules.includes('file')),
    )
    assert.deepEqual(
      changing.map(({ play }) => [play.serial, play.roll?.rollback, play.anyErrorsFatal]),
      [[[1], true, true]],
    )
  })
})

describe('rotate-ca.yml', () => {
  it('rotates the CA of http and that of the transport, each only where it is wished', () => {
    const names = (name: string) => playsOf(name).map(({ play }) => play.name)
    const [, ...rest] = names('rotate-ca.yml')
    assert.deepEqual(rest, [...names('rotate-http-ca.yml'), ...names('rotate-transport-ca.yml')])
    for (const { play } of playsOf('rotate-ca.yml').slice(1)) assert.ok(play.common.when.length > 0, play.name)
  })
})
