import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { fileAt } from '../../src/facts/file.ts'
import { argumentDocuments, argumentProblems } from '../../src/modules/arguments.ts'
import type { Decision, Values } from '../../src/modules/module.ts'
import { allModules, modulesByName } from '../../src/modules/registry.ts'
import { Redactor } from '../../src/secrets/redactor.ts'
import { Secret } from '../../src/secrets/secret.ts'
import { LocalHost } from '../support/local-host.ts'

const planted = 'Pl4nted-S3cret'

/** Tasks of Ansible's modules that work in a folder. What each is to do there is in the module's own tests. */
interface Example {
  readonly title: string
  readonly module: string
  readonly prepare?: (host: LocalHost) => void
  readonly values: (host: LocalHost) => Values
  /** The second look says "change" again: touch, a restart. */
  readonly again?: boolean
}

const examples: readonly Example[] = [
  {
    title: 'copy of a text',
    module: 'copy',
    values: (host) => ({ content: 'text\n', dest: host.path('out'), mode: '0640' }),
  },
  {
    title: 'copy of a secret over a file',
    module: 'copy',
    prepare: (host) => writeFileSync(host.path('out'), 'old'),
    values: (host) => ({ content: new Secret(planted), dest: host.path('out'), mode: 'u=rw,g=,o=' }),
  },
  {
    title: 'copy of a vaulted file',
    module: 'copy',
    prepare: (host) => writeFileSync(host.path('vaulted'), `$TEST_VAULT;${planted}`),
    values: (host) => ({ src: host.path('vaulted'), dest: `${host.path('new/folder')}/`, mode: '0600' }),
  },
  {
    title: 'copy of a folder',
    module: 'copy',
    prepare: (host) => {
      mkdirSync(host.path('tree/a/b'), { recursive: true })
      writeFileSync(host.path('tree/a/b/file'), 'x')
      writeFileSync(host.path('tree/top'), 'y')
    },
    values: (host) => ({ src: host.path('tree'), dest: host.path('out') }),
  },
  {
    title: 'template',
    module: 'template',
    prepare: (host) => {
      host.variables['name'] = 'es1'
      writeFileSync(host.path('a.j2'), 'node: {{ name }}\n')
    },
    values: (host) => ({ src: host.path('a.j2'), dest: host.path('out'), backup: true }),
  },
  {
    title: 'file: folder',
    module: 'file',
    values: (host) => ({ path: host.path('a/b/c/'), state: 'directory', mode: '0750' }),
  },
  {
    title: 'file: mode of a folder with all in it',
    module: 'file',
    prepare: (host) => {
      mkdirSync(host.path('a/b'), { recursive: true })
      writeFileSync(host.path('a/b/c'), '')
    },
    values: (host) => ({ path: host.path('a'), state: 'directory', mode: 'u=rwX,g=rX,o=', recurse: true }),
  },
  {
    title: 'file: link',
    module: 'file',
    prepare: (host) => symlinkSync('/etc', host.path('link')),
    values: (host) => ({ path: host.path('link'), src: '/tmp', state: 'link' }),
  },
  {
    title: 'file: hard link',
    module: 'file',
    prepare: (host) => writeFileSync(host.path('one'), 'same'),
    values: (host) => ({ path: host.path('two'), src: host.path('one'), state: 'hard' }),
  },
  {
    title: 'file: absent',
    module: 'file',
    prepare: (host) => {
      mkdirSync(host.path('a/b'), { recursive: true })
      writeFileSync(host.path('a/b/c'), '')
    },
    values: (host) => ({ path: host.path('a'), state: 'absent' }),
  },
  {
    title: 'file: touch',
    module: 'file',
    values: (host) => ({ path: host.path('a'), state: 'touch', mode: '0600' }),
    again: true,
  },
  {
    title: 'lineinfile',
    module: 'lineinfile',
    prepare: (host) => writeFileSync(host.path('conf'), 'a=1\n#b=2'),
    values: (host) => ({ path: host.path('conf'), regexp: '^#?b=', line: 'b=3' }),
  },
  {
    title: 'blockinfile',
    module: 'blockinfile',
    values: (host) => ({ path: host.path('new/conf'), block: 'one\ntwo', create: true }),
  },
  {
    title: 'command',
    module: 'command',
    values: (host) => ({ argv: ['tee', host.path('out')], stdin: new Secret(planted) }),
  },
  { title: 'shell', module: 'shell', values: () => ({ cmd: 'cat >/dev/null', stdin: new Secret(planted) }) },
  { title: 'debug', module: 'debug', values: () => ({ msg: 'hello' }) },
  { title: 'fail', module: 'fail', values: () => ({ msg: 'no' }) },
  {
    title: 'assert',
    module: 'assert',
    prepare: (host) => void (host.variables['true'] = true),
    values: () => ({ that: ['true'] }),
  },
  { title: 'set_fact', module: 'set_fact', values: () => ({ name: 'value' }) },
  { title: 'group_by', module: 'group_by', values: () => ({ key: 'a b' }) },
  { title: 'meta', module: 'meta', values: () => ({ action: 'noop' }) },
  { title: 'ping', module: 'ping', values: () => ({}) },
  { title: 'setup', module: 'setup', values: () => ({}) },
  {
    title: 'slurp',
    module: 'slurp',
    prepare: (host) => writeFileSync(host.path('a'), 'bytes'),
    values: (host) => ({ src: host.path('a') }),
  },
  { title: 'stat', module: 'stat', values: (host) => ({ path: host.path('a') }) },
  { title: 'wait_for', module: 'wait_for', values: (host) => ({ path: host.path('a'), timeout: 1 }) },
]

/** Modules that need more than a folder: their own tests hold them to the same rules. */
const testedElsewhere = new Set(['systemd_service', 'uri'])
const ansible = (name: string) =>
  modulesByName.get(name)?.aliases.some((alias) => alias.startsWith('ansible.')) === true

describe('module contract', () => {
  for (const module of allModules) {
    describe(module.name, () => {
      it('describes itself and each of its arguments', () => {
        assert.match(module.summary, /^\S.{9}/)
        assert.match(module.examples, /^ *- /m)
        for (const argument of argumentDocuments(module)) assert.ok(argument.description.length > 3, argument.name)
      })

      it('refuses an argument that it does not have', () => {
        if (module.anyArguments === true) return
        const [problem] = argumentProblems(module, { no_such_argument: 1 }, new Map())
        assert.equal(problem?.message, `Argument "no_such_argument" of ${module.name} is not supported`)
      })

      it('has an example for the contract', () => {
        const has = examples.some((example) => example.module === module.name)
        assert.ok(has || testedElsewhere.has(module.name) || !ansible(module.name))
      })
    })
  }

  it('has no two modules with one name', () => {
    const names = allModules.flatMap((module) => [module.name, ...module.aliases])
    assert.deepEqual(
      names.filter((name, index) => names.indexOf(name) !== index),
      [],
    )
  })

  for (const example of examples) {
    describe(example.title, () => {
      const module = modulesByName.get(example.module)!
      let host: LocalHost
      beforeEach(() => {
        host = new LocalHost()
        example.prepare?.(host)
      })
      afterEach(() => host.remove())

      it('writes nothing in check mode, and foresees what the run then does', async () => {
        const check = checking(host)
        const before = snapshot(host.folder)
        const foreseen = await check.run(module, example.values(host))
        assert.deepEqual(snapshot(host.folder), before)
        const real = await host.run(module, example.values(host))
        assert.equal(foreseen.decision.kind, real.decision.kind)
        assert.deepEqual(changeText(foreseen.decision), changeText(real.decision))
        if (module.neverConverges === true) return
        for (const path of [...paths(host.folder)].filter((one) => !one.endsWith('~'))) {
          for (const follow of [true, false]) {
            assert.deepEqual(await stateAt(check, path, follow), await stateAt(host, path, follow), path)
          }
        }
      })

      it('has nothing to do a second time', async function () {
        if (module.neverConverges === true || example.again === true) {
          // Said by the module itself, or by what the task is.
          assert.equal((await host.run(module, example.values(host))).decision.kind, 'change')
          assert.equal((await host.decide(module, example.values(host))).kind, 'change')
          return
        }
        const first = await host.run(module, example.values(host))
        const second = await host.decide(module, example.values(host))
        assert.equal(second.kind, first.decision.kind === 'change' ? 'keep' : first.decision.kind)
        if (second.kind === 'keep') assert.notEqual(second.reason, '')
      })

      it('puts a planted secret into no script and no text', async () => {
        const { decision, result } = await host.run(module, example.values(host))
        const texts = [changeText(decision), host.scripts.join('\n')]
        if (module.neverConverges !== true) texts.push(JSON.stringify(result))
        const redactor = new Redactor()
        redactor.add(planted)
        for (const text of texts) assert.equal(redactor.redact(text), text)
      })
    })
  }
})

function checking(host: LocalHost): LocalHost {
  const check = new LocalHost({ check: true, folder: host.folder })
  Object.assign(check.variables, host.variables)
  return check
}

async function stateAt(host: LocalHost, path: string, follow: boolean) {
  // Content is compared by its digest, times are those of two runs.
  const unlike = { content: undefined, followed: undefined, fresh: undefined, mtime: 0 }
  return { ...(await host.reader.ask(fileAt(path, { follow }))), ...unlike }
}

function changeText(decision: Decision): string {
  if (decision.kind !== 'change') return decision.kind
  const { summary, diff } = decision.change
  return [summary, diff?.before, diff?.after].join('\n')
}

function paths(folder: string): readonly string[] {
  const found = execFileSync('find', [folder, '-mindepth', '1', '-print0']).toString()
  return found.split('\0').filter((path) => path !== '')
}

/** Everything of a folder that a write could change, but the time of the last look. */
function snapshot(folder: string): string {
  return execFileSync('sh', [
    '-c',
    `cd "$1" && find . -exec stat -c '%n %F %a %U %G %Y %i %s' {} + | sort; find . -type f -exec sha256sum {} + | sort`,
    'sh',
    folder,
  ]).toString()
}
