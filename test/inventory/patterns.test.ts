import assert from 'node:assert/strict'
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Inventory } from '../../src/inventory/inventory.ts'
import { loadInventory } from '../../src/inventory/load-inventory.ts'
import { selectHosts, selectLimit } from '../../src/inventory/select-hosts.ts'
import { openVault } from '../../src/secrets/ansible-vault.ts'
import { needsAnsible, runAnsible, type AnsibleAnswer } from '../support/ansible.ts'

const hosts = `lone
[b]
b[1:3]
shared
[a]
a[1:4] x=1
shared
[c:children]
a
[es-data]
es-data-[01:03].example.com
10.0.0.1
[empty]
[top:children]
c
es-data
`

/** Pattern, and the limit where there is one. */
const patterns: readonly (readonly [string, string?])[] = [
  ['all'],
  ['*'],
  ['a'],
  ['a*'],
  ['c'],
  ['top'],
  ['ungrouped'],
  ['lone'],
  ['a:b'],
  ['b,a'],
  ['b:a1'],
  ['a:&b'],
  ['!a,b'],
  ['!a'],
  ['&a'],
  ['a:b:!shared'],
  ['all:!a:&b'],
  ['!a1:b:a:&top'],
  ['a:!a1:!a2'],
  ['~a[12]'],
  ['~(a|b)1$'],
  ['~.*example'],
  ['*.example.com'],
  ['es-data-0?.example.com'],
  ['a[0]'],
  ['a[-1]'],
  ['a[1:2]'],
  ['a[1:]'],
  ['a[0:0]'],
  ['a[:2]'],
  ['[ab]1'],
  ['[!a]1'],
  ['a[0]:b[0]'],
  ['es-data[1:],a[0]'],
  ['10.0.0.1'],
  ['a1:a1:a2'],
  ['a , b'],
  ['b3:b1'],
  ['localhost'],
  ['127.0.0.1'],
  ['empty:a1'],
  ['a', 'a1:a3'],
  ['all', '!b'],
  ['all', 'b:&shared'],
  ['a:b', 'shared'],
  ['b', '@names'],
  ['all', '@names:!b2'],
]

describe('host patterns, compared with ansible --list-hosts', function () {
  this.timeout(120_000)
  let folder = ''
  let inventory: Inventory
  let answers: readonly AnsibleAnswer[] = []

  before(function () {
    needsAnsible(this)
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'elkseal-patterns-')))
    writeFileSync(join(folder, 'hosts'), hosts)
    writeFileSync(join(folder, 'names'), 'b2\n\n  shared  \n')
    inventory = load(folder)
    answers = runAnsible(
      patterns.map(([pattern, limit]) => ({
        folder,
        words: [
          ...['ansible', '-i', 'hosts', '--list-hosts', pattern],
          ...(limit === undefined ? [] : ['--limit', limit]),
        ],
      })),
    )
  })

  after(() => {
    if (folder !== '') rmSync(folder, { recursive: true, force: true })
  })

  for (const [index, [pattern, limit]] of patterns.entries()) {
    it(`selects the same for ${pattern}${limit === undefined ? '' : ` limited to ${limit}`}`, () => {
      const limited = limit === undefined ? undefined : selectLimit(inventory, limit, folder)
      const ours = selectHosts(inventory, pattern, { limit: limited && new Set(limited.hosts) })
      assert.deepEqual([...(limited?.problems ?? []), ...ours.problems], [])
      assert.deepEqual(ours.hosts, listedHosts(answers[index]!))
    })
  }
})

describe('selectHosts', () => {
  let folder = ''
  let inventory: Inventory

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'elkseal-patterns-'))
    writeFileSync(join(folder, 'hosts'), hosts)
    inventory = load(folder)
  })

  after(() => {
    rmSync(folder, { recursive: true, force: true })
  })

  it('refuses an unknown name with the one that was probably meant (Ansible warns and goes on)', () => {
    const position = { file: 'play.yml', line: 2, column: 10 }
    assert.deepEqual(selectHosts(inventory, 'a:es-dta', { position }).problems, [
      {
        message: 'No host or group of the inventory is called "es-dta"',
        hint: 'Did you mean "es-data"?',
        position,
      },
    ])
  })

  it('refuses an unknown name that is excluded, because its hosts would be touched', () => {
    assert.equal(selectHosts(inventory, 'all:!es-dta').problems.length, 1)
  })

  it('refuses a pattern that selects no host', () => {
    for (const pattern of ['empty', 'zzz*', 'a:!a', 'a:&es-data']) {
      const { hosts: selected, problems } = selectHosts(inventory, pattern)
      assert.deepEqual(selected, [])
      assert.equal(problems[0]?.message, `"${pattern}" selects no host`)
    }
  })

  it('refuses a subscript beyond the hosts', () => {
    assert.equal(
      selectHosts(inventory, 'a[9]').problems[0]?.message,
      'The host pattern "a[9]" asks for a host beyond the 5 of "a"',
    )
  })

  it('refuses a regular expression that is none', () => {
    assert.equal(selectHosts(inventory, '~a(').problems[0]?.message, 'The host pattern "~a(" is not valid')
  })

  it('takes a play outside the limit for empty, which is no problem', () => {
    assert.deepEqual(selectHosts(inventory, 'a', { limit: new Set(['b1']) }), { hosts: [], problems: [] })
  })

  it('refuses a limit with an unknown name or an unreadable file', () => {
    assert.match(selectLimit(inventory, 'a:nobody', folder).problems[0]!.message, /called "nobody"/)
    assert.match(selectLimit(inventory, '@missing', folder).problems[0]!.message, /limit file "missing"/)
  })
})

function load(folder: string): Inventory {
  return loadInventory(['hosts'], { vault: openVault([]), folder }).inventory
}

function listedHosts(answer: AnsibleAnswer): string[] {
  assert.equal(answer.status, 0, answer.stderr)
  return answer.stdout
    .split('\n')
    .slice(1)
    .map((line) => line.trim())
    .filter((line) => line !== '')
}
