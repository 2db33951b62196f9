import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { loadInventory } from '../../src/inventory/load-inventory.ts'
import { InventoryVariables } from '../../src/inventory/inventory-variables.ts'
import { renderGraph, renderHost, renderList, renderYaml, type RenderInput } from '../../src/inventory/render-inventory.ts'
import { selectLimit } from '../../src/inventory/select-hosts.ts'
import { openVault } from '../../src/secrets/ansible-vault.ts'
import { Secret } from '../../src/secrets/secret.ts'
import { passwordFromText } from '../../src/secrets/vault-password.ts'
import { parseYaml, yamlValue } from '../../src/yaml-source.ts'
import { needsAnsible, runAnsible, type AnsibleAnswer } from '../support/ansible.ts'
import { inventoryCases, vaultPassword, type InventoryCase } from './cases.ts'

interface View {
  readonly name: string
  readonly words: readonly string[]
  readonly ours: (input: RenderInput) => string
  readonly compare: 'json' | 'text' | 'yaml'
}

/** The list for every case; the other ways to print it only for those that ask for a host, because each costs time. */
function viewsOf({ hosts = [], name }: InventoryCase): readonly View[] {
  const graph = (vars: boolean) => (input: RenderInput) => renderGraph(input, { group: 'all', vars })
  const list: View = { name: '--list', words: ['--list'], ours: renderList, compare: 'json' }
  if (hosts.length === 0) return [list]
  const withVars: View = { name: '--graph --vars', words: ['--graph', '--vars'], ours: graph(true), compare: 'text' }
  return [
    list,
    { name: '--graph', words: ['--graph'], ours: graph(false), compare: 'text' },
    // Ansible opens vaulted values there; ours stay masked.
    ...(/vault/.test(name) ? [] : [withVars]),
    { name: '--list --yaml', words: ['--list', '--yaml'], ours: renderYaml, compare: 'yaml' },
    ...hosts.map((host) => ({
      name: `--host ${host}`,
      words: ['--host', host],
      ours: (input: RenderInput) => renderHost(input, host),
      compare: 'json' as const,
    })),
  ]
}

describe('inventory, compared with ansible-inventory', function () {
  this.timeout(180_000)
  let root = ''
  const answers = new Map<InventoryCase, readonly AnsibleAnswer[]>()

  before(function () {
    needsAnsible(this)
    root = realpathSync(mkdtempSync(join(tmpdir(), 'elkseal-inventory-')))
    const jobs = inventoryCases.flatMap((test, index) => {
      const folder = writeCase(join(root, String(index)), test)
      const words = sharedWords(test, folder)
      return viewsOf(test).map((view) => ({ folder, words: ['ansible-inventory', ...words, ...view.words] }))
    })
    const found = [...runAnsible(jobs)]
    for (const test of inventoryCases) answers.set(test, found.splice(0, viewsOf(test).length))
  })

  after(() => {
    if (root !== '') rmSync(root, { recursive: true, force: true })
  })

  for (const [index, test] of inventoryCases.entries()) {
    for (const [viewIndex, view] of viewsOf(test).entries()) {
      it(`${test.name} (${view.name})`, () => {
        const answer = answers.get(test)![viewIndex]!
        const input = openCase(join(root, String(index)), test)
        if (test.hosts?.includes('localhost') === true && view.name === '--host localhost') {
          compare(withoutPython(answer.stdout), view.ours(input), view.compare)
        } else if (isNothing(answer)) {
          // With nothing to print, Ansible prints nothing and ends with 1.
          assert.equal(view.ours(input), '{}\n')
        } else {
          assert.equal(answer.status, 0, answer.stderr)
          compare(answer.stdout, view.ours(input), view.compare)
        }
      })
    }
  }
})

function sharedWords(test: InventoryCase, folder: string): readonly string[] {
  return [
    ...test.sources.flatMap((source) => ['-i', source]),
    ...(test.playbookDir === undefined ? [] : ['--playbook-dir', join(folder, test.playbookDir)]),
    ...(test.limit === undefined ? [] : ['--limit', test.limit]),
    ...['--vault-password-file', join(folder, 'vault-password.secret')],
  ]
}

function isNothing(answer: AnsibleAnswer): boolean {
  return answer.status === 0 && answer.stdout.trim() === '{}'
}

function compare(theirs: string, ours: string, how: View['compare']): void {
  if (how === 'text') assert.equal(ours, theirs)
  else if (how === 'json') assert.deepEqual(JSON.parse(ours), JSON.parse(theirs))
  else assert.deepEqual(readYaml(ours), readYaml(theirs))
}

function readYaml(text: string): unknown {
  const { root, problems } = parseYaml(text, 'output')
  assert.deepEqual(problems, [])
  return root === undefined ? undefined : yamlValue(root)
}

/** Hosts need no Python here, so there is no interpreter to name. */
function withoutPython(text: string): string {
  const vars = Object.entries(JSON.parse(text) as Record<string, unknown>)
  return JSON.stringify(Object.fromEntries(vars.filter(([name]) => name !== 'ansible_python_interpreter')))
}

function writeCase(folder: string, test: InventoryCase): string {
  for (const [path, text] of Object.entries({ ...test.files, 'vault-password.secret': `${vaultPassword}\n` })) {
    const file = join(folder, path.replace(/!$/, ''))
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
    if (path.endsWith('!')) chmodSync(file, 0o755)
  }
  return folder
}

function openCase(folder: string, test: InventoryCase): RenderInput {
  const vault = openVault([passwordFromText('default', new Secret(vaultPassword))])
  const { inventory } = loadInventory(test.sources, { vault, folder })
  const playbookDir = test.playbookDir === undefined ? undefined : join(folder, test.playbookDir)
  const variables = new InventoryVariables(inventory, { vault, playbookDir })
  const limit = test.limit === undefined ? undefined : new Set(selectLimit(inventory, test.limit, folder).hosts)
  return { inventory, variables, limit }
}
