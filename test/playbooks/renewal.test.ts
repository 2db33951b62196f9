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
    assert.deepEqual(modules, ['elasticsearch_facts', 'certificate_status'])
  })
})

describe('renew.yml', () => {
  it('restarts nothing', () => {
    const modules = playsOf('renew.yml').flatMap((one) => one.modules)
    const restarting = ['elasticsearch_service', 'current_service', 'systemd_service', 'command', 'shell']
    assert.deepEqual(
      modules.filter((module) => restarting.includes(module)),
      [],
    )
  })

  it('looks at all nodes, and refuses, before anything is issued or placed', () => {
    const modules = playsOf('renew.yml').flatMap((one) => one.modules)
    const change = modules.findIndex((module) => ['stored_password', 'certificate', 'copy', 'file'].includes(module))
    assert.ok(modules.lastIndexOf('certificate_status') < change)
    assert.ok(modules.lastIndexOf('assert') < change)
  })

  it('changes hosts in one play alone, a node at a time, which it puts back when it fails', () => {
    const changing = playsOf('renew.yml').filter(({ modules }) => modules.includes('copy') || modules.includes('file'))
    assert.deepEqual(
      changing.map(({ play }) => [play.serial, play.roll?.rollback, play.anyErrorsFatal]),
      [[[1], true, true]],
    )
  })
})
