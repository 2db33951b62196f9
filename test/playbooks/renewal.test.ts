import assert from 'node:assert/strict'
import { join } from 'node:path'
import { modulesByName } from '../../src/modules/registry.ts'
import { readPlaybook } from '../../src/playbook/load.ts'
import type { Item } from '../../src/playbook/playbook.ts'

function modulesOf(items: readonly Item[]): readonly string[] {
  return items.flatMap((item) => {
    if (item.kind === 'task') return [item.module]
    return item.kind === 'block' ? modulesOf([...item.block, ...item.rescue, ...item.always]) : []
  })
}

const playsOf = (name: string) => {
  const { playbook } = readPlaybook(join(import.meta.dirname, '../../playbooks', name), modulesByName)
  return playbook.plays.map((play) => ({ play, modules: modulesOf(play.tasks) }))
}

describe('certs.yml', () => {
  it('only looks, and asks nothing of the cluster', () => {
    const modules = playsOf('certs.yml').flatMap((one) => one.modules)
    assert.deepEqual(modules, [
      'elasticsearch_facts',
      'certificate_status',
      'transport_status',
      'kibana_facts',
      'kibana_certificate_status',
    ])
  })
})

describe('renew.yml', () => {
  const plays = playsOf('renew.yml')
  const transport = plays.findIndex(({ modules }) => modules.includes('transport_status'))
  const httpPlays = () => plays.slice(0, transport)

  it('renews http first, then the transport, then Kibana', () => {
    const names = (playbook: string) => playsOf(playbook).map(({ play }) => play.name)
    assert.ok(httpPlays().length > 0)
    const others = [...names('renew-transport.yml'), ...names('renew-kibana.yml')]
    assert.deepEqual(names('renew.yml').slice(transport), others)
  })

  it('restarts nothing', () => {
    const modules = playsOf('renew.yml').flatMap((one) => one.modules)
    const restarting = ['elasticsearch_service', 'current_service', 'systemd_service', 'command', 'shell']
    assert.deepEqual(
      modules.filter((module) => restarting.includes(module)),
      [],
    )
  })

  it('looks at all nodes, and refuses, before anything is issued or placed', () => {
    const modules = httpPlays().flatMap((one) => one.modules)
    const change = modules.findIndex((module) => ['stored_password', 'certificate', 'copy', 'file'].includes(module))
    assert.ok(modules.lastIndexOf('certificate_status') < change)
    assert.ok(modules.lastIndexOf('assert') < change)
  })

  it('changes hosts in one play alone, a node at a time, which it puts back when it fails', () => {
    const changing = httpPlays().filter(({ modules }) => modules.includes('copy') || modules.includes('file'))
    assert.deepEqual(
      changing.map(({ play }) => [play.serial, play.roll?.rollback, play.anyErrorsFatal]),
      [[[1], true, true]],
    )
  })
})

describe('renew-transport.yml and rotate-transport-ca.yml', () => {
  const changers = ['transport_certificate', 'transport_trust', 'file']

  for (const name of ['renew-transport.yml', 'rotate-transport-ca.yml']) {
    it(`${name} restarts nothing, and looks at all nodes before it changes one`, () => {
      const modules = playsOf(name).flatMap((one) => one.modules)
      for (const module of ['elasticsearch_service', 'current_service', 'systemd_service', 'command', 'shell']) {
        assert.ok(!modules.includes(module), module)
      }
      const change = modules.findIndex((module) => changers.includes(module))
      assert.ok(modules.lastIndexOf('transport_status') < change)
      assert.ok(modules.lastIndexOf('assert') < change)
    })

    it(`${name} puts a node back that fails, and stops there`, () => {
      for (const { play, modules } of playsOf(name)) {
        if (!modules.some((module) => changers.includes(module))) continue
        assert.deepEqual([play.roll?.rollback, play.anyErrorsFatal], [true, true], play.name)
        // One node alone is first.
        assert.equal(play.serial[0], 1, play.name)
      }
    })
  }

  it('proves each phase on every node by a fresh handshake before the next one', () => {
    const phases = playsOf('rotate-transport-ca.yml')
      .flatMap((one) => one.modules)
      .filter((module) => ['transport_phase', 'transport_certificate', 'transport_trust'].includes(module))
    const proof = 'transport_phase'
    assert.deepEqual(phases, [
      'transport_trust',
      proof,
      'transport_certificate',
      proof,
      'transport_trust',
      proof,
    ])
  })
})

describe('renew-kibana.yml', () => {
  const plays = playsOf('renew-kibana.yml')

  it('looks at every Kibana before it changes one, and proves each by a handshake before the next', () => {
    const modules = plays.flatMap((one) => one.modules)
    assert.deepEqual(modules, [
      'kibana_facts',
      'kibana_certificate_status',
      'assert',
      'kibana_certificate',
      'served_certificate',
      'kibana_checks',
    ])
    const play = plays[1]?.play
    assert.deepEqual([play?.serial, play?.roll?.rollback, play?.anyErrorsFatal], [[1], true, true])
  })
})
