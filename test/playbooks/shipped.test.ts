import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { renderPosition } from '../../src/errors.ts'
import { modulesByName } from '../../src/modules/registry.ts'
import { readPlaybook } from '../../src/playbook/load.ts'
import type { Item } from '../../src/playbook/playbook.ts'
import { validatePlaybook } from '../../src/playbook/validate.ts'

const folder = join(import.meta.dirname, '../../playbooks')
const playbooks = readdirSync(folder).filter((name) => name.endsWith('.yml'))

function tasksOf(items: readonly Item[]): readonly { readonly name: string; readonly module: string }[] {
  return items.flatMap((item) => {
    if (item.kind === 'task') return [{ name: item.name, module: item.module }]
    return item.kind === 'block' ? tasksOf([...item.block, ...item.rescue, ...item.always]) : []
  })
}

describe('the shipped playbooks', () => {
  it('are these', () => {
    assert.ok(playbooks.includes('secure-http.yml') && playbooks.includes('verify.yml'))
  })

  for (const name of playbooks) {
    it(`${name} has no problems`, () => {
      const { playbook, problems } = readPlaybook(join(folder, name), modulesByName)
      const more = validatePlaybook(playbook, {
        modules: modulesByName,
        gates: ['all_nodes_joined', 'no_red_index', 'shards_settled'],
        hosts: () => [],
        tags: [],
        skipTags: [],
        startAtTask: undefined,
      })
      const told = [...problems, ...more].map(({ message, position }) =>
        position === undefined ? message : `${renderPosition(position)} ${message}`,
      )
      assert.deepEqual(told, [])
    })

    it(`${name} names every task`, () => {
      const { playbook } = readPlaybook(join(folder, name), modulesByName)
      const unnamed = playbook.plays.flatMap((play) => tasksOf(play.tasks)).filter((task) => task.name === task.module)
      assert.deepEqual(unnamed, [])
    })
  }

  it('verify.yml cannot change anything', () => {
    const looking = ['assert', 'elasticsearch_facts', 'cluster_snapshot', 'kibana_facts', 'metricbeat_facts']
    const { playbook } = readPlaybook(join(folder, 'verify.yml'), modulesByName)
    const modules = new Set(playbook.plays.flatMap((play) => tasksOf(play.tasks)).map((task) => task.module))
    const changing = [...modules].filter((module) => !looking.includes(module) && !module.endsWith('_checks'))
    assert.deepEqual(changing, [])
  })

  it('look at every host before they change the first one', () => {
    const { playbook } = readPlaybook(join(folder, 'secure-http.yml'), modulesByName)
    const modules = playbook.plays.flatMap((play) => tasksOf(play.tasks)).map((task) => task.module)
    const firstChange = modules.indexOf('copy')
    for (const look of ['elasticsearch_facts', 'kibana_facts', 'metricbeat_facts', 'covered_names']) {
      assert.ok(modules.lastIndexOf(look) < firstChange, look)
    }
  })

  it('hold no password, and take the elastic one from the inventory only', () => {
    const texts = playbooks.map((name) => readFileSync(join(folder, name), 'utf8')).join('\n')
    assert.doesNotMatch(texts, /elastic_password: (?!'\{\{)/)
  })
})
