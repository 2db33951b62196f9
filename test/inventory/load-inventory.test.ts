import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { InputError, renderPosition, type Problem } from '../../src/errors.ts'
import { InventoryVariables } from '../../src/inventory/inventory-variables.ts'
import type { Inventory } from '../../src/inventory/inventory.ts'
import { loadInventory } from '../../src/inventory/load-inventory.ts'
import { renderGraph, renderList } from '../../src/inventory/render-inventory.ts'
import { UnsafeText } from '../../src/inventory/unsafe-text.ts'
import { openVault } from '../../src/secrets/ansible-vault.ts'
import { Redactor } from '../../src/secrets/redactor.ts'
import { Secret } from '../../src/secrets/secret.ts'
import { passwordFromText } from '../../src/secrets/vault-password.ts'
import { VaultedValue } from '../../src/secrets/vaulted-value.ts'

const password = new Secret('correct horse')
const locked = openVault([])
const opened = openVault([passwordFromText('default', password)])
const seal = (text: string) => opened.encrypt(new Secret(text))

let folder = ''

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'elkseal-load-')))
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

function write(files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
    if (path.endsWith('.sh')) chmodSync(join(folder, path), 0o755)
  }
}

function load(...sources: readonly string[]): Inventory {
  return loadInventory(sources, { vault: locked, folder }).inventory
}

function problemsOf(action: () => unknown): readonly Problem[] {
  try {
    action()
  } catch (error) {
    assert.ok(error instanceof InputError)
    return error.problems
  }
  assert.fail('nothing was refused')
}

/** `file:line:column message` with the folder cut off. */
function lines(problems: readonly Problem[]): string[] {
  return problems.map(({ message, position }) => {
    const place = position === undefined ? '' : `${renderPosition(position)} `
    return `${place}${message}`.replaceAll(`${folder}/`, '')
  })
}

describe('loadInventory: where Ansible is silent, warns, or stops at the first problem', () => {
  it('refuses a source that does not exist', () => {
    assert.deepEqual(lines(problemsOf(() => load('nofile'))), ['The inventory "nofile" does not exist'])
  })

  it('collects all problems of all INI sources, with line and column', () => {
    write({
      one: 'a\n  h1, h2\nb x\n[web ]\nlost\n[db:hots]\nlost\n[web:children]\nnone\n[ghost:vars]\nx=1\n[x:vars]\nnovalue\n',
      two: "[x]\na y='open\n  w[1:]  z=1\nc:\n---\nw[3:1]\n",
    })
    assert.deepEqual(lines(problemsOf(() => load('one', 'two'))), [
      'one:2:7 "h2" is no key=value pair',
      'one:3:3 "x" is no key=value pair',
      'one:4:1 "[web ]" is no section header',
      'one:6:5 Section [db:hots] has the unknown kind "hots"',
      'one:13:1 "novalue" is no key=value pair',
      'one:9:1 Section [web:children] names the undeclared group "none"',
      'one:10:1 Section [ghost:vars] is for a group that no section declares',
      'one:12:1 Section [x:vars] is for a group that no section declares',
      'two:2:1 The line cannot be split into words: No closing quotation',
      'two:3:3 The host range "w[1:]" is not valid: a range must have an end',
      'two:4:1 "c:" is no host name',
      'two:5:1 "---" is no host name',
      'two:6:1 The host range "w[3:1]" is not valid: the range is empty: it begins after its end',
    ])
  })

  it('refuses a group that would contain itself', () => {
    write({ hosts: '[a:children]\nb\n[b:children]\na\n', 'hosts.yml': 'a: {children: {a: }}\n' })
    assert.deepEqual(lines(problemsOf(() => load('hosts', 'hosts.yml'))), [
      'hosts:4:1 Group "a" cannot be inside "b": it would contain itself',
      'hosts.yml:1:16 Group "a" cannot be inside "a": it would contain itself',
    ])
  })

  it('refuses keys of a YAML group that Ansible skips with a warning', () => {
    write({ 'hosts.yml': 'web:\n  host:\n    a:\n  vars: [1]\ndb: 5\napp:\n  hosts:\n    b: 1\n    "c[1:": {}\n' })
    const problems = problemsOf(() => load('hosts.yml'))
    assert.deepEqual(lines(problems), [
      'hosts.yml:2:3 Group "web" has the unknown key "host"',
      'hosts.yml:4:9 "vars" of group "web" is not a mapping',
      'hosts.yml:5:5 Group "db" is not a mapping',
      'hosts.yml:8:8 The variables of host "b" are not a mapping',
      'hosts.yml:9:5 The host "c[1:" is not valid: brackets do not match',
    ])
    assert.equal(problems[0]?.hint, 'Did you mean "hosts"?')
  })

  it('refuses broken YAML, a second key of the same name, inventory plugins and TOML', () => {
    write({
      'broken.yml': 'web:\n  hosts:\n a: [\n',
      'twice.yml': 'web:\n  hosts:\n    a:\n    a:\n',
      'plugin.yml': 'plugin: amazon.aws.aws_ec2\n',
      'list.yml': '- a\n- b: c\n',
      'hosts.toml': '[web]\n',
    })
    assert.match(lines(problemsOf(() => load('broken.yml')))[0]!, /^broken\.yml:2:9 Not valid YAML: All mapping items must start at the same column/)
    assert.match(lines(problemsOf(() => load('twice.yml')))[0]!, /^twice\.yml:3:7 Not valid YAML: Map keys must be unique/)
    assert.deepEqual(lines(problemsOf(() => load('plugin.yml'))), ['plugin.yml:1:1 Inventory plugins are not supported'])
    assert.deepEqual(lines(problemsOf(() => load('list.yml'))), ['list.yml:1:1 A YAML inventory must be a mapping of groups'])
    assert.deepEqual(lines(problemsOf(() => load('hosts.toml'))), ['hosts.toml:1:1 TOML inventories are not supported'])
  })

  it('refuses a programme that fails, or prints something else than JSON', () => {
    write({ 'fails.sh': '#!/bin/sh\necho why >&2\nexit 3\n', 'text.sh': '#!/bin/sh\necho hello\n', 'shape.sh': `#!/bin/sh\necho '{"web": {"hosts": "a"}}'\n` })
    const [problem] = problemsOf(() => load('fails.sh'))
    assert.equal(problem?.hint, 'why')
    assert.match(problem.message, /ended with status 3/)
    assert.match(lines(problemsOf(() => load('text.sh')))[0]!, /did not print a JSON object/)
    assert.match(lines(problemsOf(() => load('shape.sh')))[0]!, /Group "web" of the inventory programme needs a list of hosts/)
  })

  it('refuses a range in a list of hosts, which Ansible takes for a name', () => {
    assert.deepEqual(lines(problemsOf(() => load('w[1:3],'))), ['"w[1:3]" in a host list cannot be a range'])
  })

  it('refuses a vaulted source without a password', () => {
    write({ hosts: seal('[web]\na\n') })
    assert.deepEqual(lines(problemsOf(() => load('hosts'))), ['hosts:1:1 "hosts" is encrypted and no vault password is known'])
  })

  it('refuses a folder without any inventory file', () => {
    write({ 'inv/readme.md': 'x', 'inv/group_vars/all.yml': 'x: 1\n' })
    assert.deepEqual(lines(problemsOf(() => load('inv'))), ['inv:1:1 The inventory folder "inv" holds no inventory file'])
  })

  it('refuses text that is not UTF-8, but in comments', () => {
    writeFileSync(join(folder, 'good'), Buffer.from('# caf\xe9\n[web]\na\n', 'latin1'))
    writeFileSync(join(folder, 'bad'), Buffer.from('[web]\na x=caf\xe9\n', 'latin1'))
    assert.deepEqual([...load('good').hosts.keys()], ['a'])
    assert.deepEqual(lines(problemsOf(() => load('bad'))), ['bad:2:8 The text is not UTF-8'])
  })

  it('warns of a name that is a group and a host', () => {
    write({ hosts: '[web]\nweb\n' })
    const { warnings } = loadInventory(['hosts'], { vault: locked, folder })
    assert.deepEqual(lines(warnings), ['"web" is the name of a group and of a host'])
  })

  it('takes __proto__ for a name like any other', () => {
    write({ 'hosts.yml': 'web:\n  vars:\n    __proto__: {x: 1}\n  hosts:\n    a:\n', 'group_vars/all.yml': '__proto__: {y: 2}\n' })
    const variables = new InventoryVariables(load('hosts.yml'), { vault: locked }).ofHost('a')
    assert.equal(variables['x'], undefined)
    assert.equal(variables['y'], undefined)
    assert.ok(Object.hasOwn(variables, '__proto__'))
  })
})

describe('InventoryVariables', () => {
  it('needs no password for vaulted values that nobody reads', () => {
    write({ hosts: '[web]\na\n', 'group_vars/web.yml': `secret: !vault |\n${seal('hidden').trim().replaceAll(/^/gm, '  ')}\n` })
    const inventory = load('hosts')
    const variables = new InventoryVariables(inventory, { vault: locked })
    assert.equal(renderGraph({ inventory, variables }, { group: 'all', vars: false }), '@all:\n  |--@ungrouped:\n  |--@web:\n  |  |--a\n')
    assert.match(renderList({ inventory, variables }), /"__ansible_vault": "\$ANSIBLE_VAULT;1\.1;AES256/)
    const secret = variables.ofHost('a')['secret']
    assert.ok(secret instanceof VaultedValue)
    assert.throws(() => secret.reveal(), /^SecretError: "secret" \(.*group_vars\/web\.yml:1:16\) is encrypted/)
  })

  it('opens a vaulted value when it is revealed', () => {
    write({ 'hosts.yml': `web:\n  hosts:\n    a:\n      secret: !vault |\n${seal('hidden').trim().replaceAll(/^/gm, ' '.repeat(8))}\n` })
    const { inventory } = loadInventory(['hosts.yml'], { vault: opened, folder })
    const secret = inventory.hosts.get('a')?.vars['secret']
    assert.ok(secret instanceof Secret)
    assert.equal(secret.reveal(), 'hidden')
    assert.equal(JSON.stringify({ secret }), '{"secret":"********"}')
  })

  it('masks vaulted values in the graph, where Ansible prints them', () => {
    write({ hosts: '[web]\na\n', 'group_vars/web.yml': seal('secret: hidden\nlist: [hidden]\n') })
    const inventory = load('hosts')
    const variables = new InventoryVariables(inventory, { vault: opened })
    const graph = renderGraph({ inventory, variables }, { group: 'web', vars: true })
    assert.ok(graph.includes('{secret = ********}') && graph.includes('{list = [********]}'))
    assert.ok(!graph.includes('hidden'))
  })

  it('makes Secrets of the strings of a vaulted file, unless they are templates, and teaches them to the redactor', () => {
    write({ hosts: '[web]\na\n', 'host_vars/a.yml': seal('password: hidden\nport: 9200\nurl: "{{ host }}/x"\nraw: !unsafe "{{ x }}"\nlist: [deep secret]\n') })
    const redactor = new Redactor()
    const vars = new InventoryVariables(load('hosts'), { vault: opened, redactor }).ofHost('a')
    assert.ok(vars['password'] instanceof Secret)
    assert.equal(vars['port'], 9200)
    assert.equal(vars['url'], '{{ host }}/x')
    assert.ok(vars['raw'] instanceof UnsafeText)
    assert.equal(redactor.redact('hidden and deep secret'), '******** and ********')
  })

  it('returns all problems of all files at once, each once', () => {
    write({ hosts: '[web]\na\nb\n', 'group_vars/web.yml': 'x: [\n', 'host_vars/a.yml': '- 1\n', 'host_vars/b.yml': seal('x: 1\n') })
    const variables = new InventoryVariables(load('hosts'), { vault: locked })
    const problems = lines(variables.check())
    assert.equal(problems.length, 1)
    assert.match(problems[0]!, /^group_vars\/web\.yml:2:1 Not valid YAML/)
    rmSync(join(folder, 'group_vars'), { recursive: true })
    const fresh = new InventoryVariables(load('hosts'), { vault: locked })
    assert.deepEqual(lines(fresh.check()), [
      'host_vars/a.yml:1:1 A file of variables must be a mapping',
      '"host_vars/b.yml" is encrypted and no vault password is known',
    ])
  })

  it('refuses a group_vars that is a file, and a file that is not UTF-8', () => {
    write({ hosts: '[web]\na\n', group_vars: 'x: 1\n' })
    const [problem] = new InventoryVariables(load('hosts'), { vault: locked }).check()
    assert.match(problem!.message, /^The folder ".*group_vars" cannot be read: ENOTDIR/)
    rmSync(join(folder, 'group_vars'))
    mkdirSync(join(folder, 'group_vars'))
    writeFileSync(join(folder, 'group_vars', 'all'), Buffer.from('x: caf\xe9\n', 'latin1'))
    const variables = new InventoryVariables(load('hosts'), { vault: locked })
    assert.deepEqual(lines(variables.check()), ['group_vars/all:1:7 The text is not UTF-8'])
  })

  it('knows the magic variables of a host', () => {
    write({ hosts: 'lone\n[web]\na.example.com\n10.0.0.1\n[top:children]\nweb\n' })
    const variables = new InventoryVariables(load('hosts', 'listed,'), { vault: locked })
    assert.deepEqual(variables.magicOf('a.example.com'), {
      inventory_hostname: 'a.example.com',
      inventory_hostname_short: 'a',
      inventory_file: join(folder, 'hosts'),
      inventory_dir: folder,
      group_names: ['top', 'web'],
      groups: {
        all: ['lone', 'listed', 'a.example.com', '10.0.0.1'],
        ungrouped: ['lone', 'listed'],
        web: ['a.example.com', '10.0.0.1'],
        top: ['a.example.com', '10.0.0.1'],
      },
    })
    assert.equal(variables.magicOf('10.0.0.1').inventory_hostname_short, '10.0.0.1')
    assert.deepEqual(variables.magicOf('lone').group_names, ['ungrouped'])
    assert.deepEqual([variables.magicOf('listed').inventory_file, variables.magicOf('listed').inventory_dir], ['listed,', null])
  })

  it('reaches a localhost that no source names without SSH', () => {
    write({ hosts: '[web]\na\n' })
    const variables = new InventoryVariables(load('hosts'), { vault: locked })
    assert.deepEqual(variables.ofHost('localhost'), { ansible_connection: 'local' })
    assert.deepEqual(variables.ofHost('a'), {})
  })
})
