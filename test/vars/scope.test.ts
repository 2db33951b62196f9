import assert from 'node:assert/strict'
import fc from 'fast-check'
import { TaskError } from '../../src/errors.ts'
import { UnsafeText } from '../../src/inventory/unsafe-text.ts'
import { Secret } from '../../src/secrets/secret.ts'
import type { Vault } from '../../src/secrets/vault.ts'
import { isOmitted } from '../../src/vars/omit.ts'
import { createScope, type Scope, type ScopeOptions } from '../../src/vars/scope.ts'

type Values = Readonly<Record<string, unknown>>

function scopeOf(values: Values, options: ScopeOptions = {}): Scope {
  return createScope([{ values, trusted: true }], options)
}

function errorOf(work: () => unknown): TaskError {
  try {
    work()
  } catch (error) {
    assert.ok(error instanceof TaskError)
    return error
  }
  assert.fail('nothing was thrown')
}

describe('Scope', () => {
  it('lets a later layer win, whole values and not merged ones', () => {
    const scope = createScope([
      { values: { a: { x: 1 }, b: 'low' }, trusted: true },
      { values: { a: { y: 2 } }, trusted: true },
    ])
    assert.deepEqual(scope.variable('a'), { y: 2 })
    assert.equal(scope.variable('b'), 'low')
    assert.deepEqual(scope.names(), ['a', 'b'])
    assert.ok(scope.has('b') && !scope.has('c'))
  })

  it('renders only what is asked for', () => {
    const scope = scopeOf({ good: { part: '{{ 1 + 1 }}', bad: '{{ nowhere }}' } })
    assert.equal(scope.renderValue('{{ good.part }}'), 2)
    assert.match(
      errorOf(() => scope.renderValue('{{ good }}')).message,
      /"nowhere" is undefined, which "good\.bad" needs/,
    )
  })

  it('never treats what came from a host as a template', () => {
    const scope = createScope([
      { values: { secret: 'x' }, trusted: true },
      { values: { fact: '{{ secret }}', result: { stdout: '{{ secret }}', items: ['{% raw %}'] } }, trusted: false },
    ])
    assert.equal(scope.variable('fact'), '{{ secret }}')
    assert.equal(scope.render('got {{ result.stdout }}'), 'got {{ secret }}')
    assert.deepEqual(scope.renderValue('{{ result["items"] }}'), ['{% raw %}'])
  })

  it('does not render a rendered value again', () => {
    const scope = scopeOf({ inner: new UnsafeText('{{ boom }}'), outer: '{{ inner }}', text: 'see {{ outer }}' })
    assert.equal(scope.variable('text'), 'see {{ boom }}')
  })

  it('names the chain of variables that refer to themselves', () => {
    const scope = scopeOf({ a: '{{ b }}', b: 'x{{ c }}', c: '{{ a }}', own: { x: '{{ own.x }}' } })
    assert.match(errorOf(() => scope.variable('a')).message, /"a" refers to itself: a → b → c → a/)
    assert.match(errorOf(() => scope.variable('own')).message, /own\.x → own\.x/)
  })

  it('finds an endless circle over two hosts', () => {
    const scopes: Record<string, Scope> = {}
    const options = { hostvars: (host: string) => scopes[host], hostNames: () => ['one', 'two'] }
    scopes['one'] = scopeOf({ x: '{{ hostvars.two.x }}' }, options)
    scopes['two'] = scopeOf({ x: '{{ hostvars.one.x }}' }, options)
    assert.match(errorOf(() => scopes['one']?.variable('x')).message, /refers to itself/)
  })

  it('says what is undefined, where, and what may have been meant', () => {
    const error = errorOf(() => scopeOf({ http_port: 9200 }).render('port {{ http_prot }}'))
    assert.equal(error.message, '"http_prot" is undefined, in the template port {{ http_prot }}')
    assert.equal(error.hint, 'Did you mean "http_port"?')
    const entry = errorOf(() => scopeOf({ a: { name: 1 } }).evaluate('a.nmae'))
    assert.equal(entry.message, '"a" has no entry "nmae", in the template a.nmae')
    assert.equal(entry.hint, 'Did you mean "name"?')
  })

  it('makes nothing of undefined where Ansible does not either', () => {
    const scope = scopeOf({})
    for (const text of [
      '{{ x }}',
      '{{ x == 1 }}',
      '{{ [x] }}',
      '{% if x %}{% endif %}',
      '{{ x | upper }}',
      '{{ x in [] }}',
    ]) {
      assert.match(errorOf(() => scope.renderValue(text)).message, /"x" is undefined/, text)
    }
  })

  it('keeps a secret closed when it is the whole value and tells of it when it becomes text', () => {
    const told: string[] = []
    const options = { onSecret: (secret: Secret) => void told.push(secret.reveal()) }
    const scope = scopeOf(
      { pw: new Secret('hunter22'), user: { password: '{{ pw }}' }, url: 'https://{{ pw }}@x' },
      options,
    )
    const value = scope.renderValue({ a: '{{ user.password }}' }) as { a: Secret }
    assert.ok(value.a instanceof Secret)
    assert.equal(JSON.stringify(value), '{"a":"********"}')
    assert.deepEqual(told, [])
    assert.equal(scope.variable('url'), 'https://hunter22@x')
    assert.deepEqual(told, ['hunter22'])
  })

  it('tells of a secret in every way that makes text of it', () => {
    const ways = [
      '{{ pw ~ "" }}',
      '{{ pw | b64encode }}',
      '{{ [pw] | join }}',
      '{{ {"p": pw} | to_json }}',
      '{{ pw[0] }}',
      '{{ pw + "x" }}',
      '{{ pw.upper() }}',
      'x{{ [pw] }}',
    ]
    for (const way of ways) {
      const told: string[] = []
      scopeOf({ pw: new Secret('hunter22') }, { onSecret: (secret) => void told.push(secret.reveal()) }).renderValue(
        way,
      )
      assert.deepEqual(new Set(told), new Set(['hunter22']), way)
    }
  })

  it('compares and tests a secret without telling of it', () => {
    const told: string[] = []
    const scope = scopeOf({ pw: new Secret('hunter22') }, { onSecret: (secret) => void told.push(secret.reveal()) })
    assert.equal(
      scope.holds(["pw == 'hunter22'", 'pw | length > 7', 'pw is defined', 'pw is string', "pw != ''"]),
      true,
    )
    assert.deepEqual(told, [])
  })

  it('never shows a secret in an error', () => {
    const scope = scopeOf({ pw: new Secret('hunter22') })
    for (const text of [
      '{{ pw.nothing }}',
      '{{ pw + 1 }}',
      '{{ pw | bool }}',
      '{{ pw | from_json }}',
      '{{ pw.foo() }}',
    ]) {
      assert.doesNotMatch(errorOf(() => scope.renderValue(text)).message, /hunter22/, text)
    }
  })

  it('opens a vaulted text of a playbook only when it is used, and leaves an unsafe one alone', () => {
    const position = { file: 'p.yml', line: 1, column: 1 }
    const opened: string[] = []
    const vault: Vault = {
      isEncrypted: () => true,
      decrypt: (text, where) => {
        opened.push(where)
        return new Secret(`open ${text.toString()}`)
      },
      encrypt: () => '',
    }
    const values = { v: { tag: '!vault', text: 'sealed', position }, u: { tag: '!unsafe', text: '{{ v }}', position } }
    const scope = scopeOf(values, { vault })
    const value = scope.variable('v')
    assert.deepEqual(opened, [])
    assert.equal((value as Secret).reveal(), 'open sealed')
    assert.deepEqual(opened, ['"v" (p.yml:1:1)'])
    assert.equal(scope.variable('u'), '{{ v }}')
    assert.equal(scope.renderValue(values.u), '{{ v }}')
  })

  it('asks only for the host whose variables a template reads', () => {
    const asked: string[] = []
    const hosts = Array.from({ length: 200 }, (_, index) => `n${index}`)
    const options: ScopeOptions = {
      hostNames: () => hosts,
      hostvars: (host) => {
        asked.push(host)
        return hosts.includes(host)
          ? scopeOf({ ip: `10.0.0.{{ 1 + ${host.slice(1)} }}`, bad: '{{ nowhere }}' })
          : undefined
      },
    }
    const scope = scopeOf({ group: ['n3', 'n4'] }, options)
    assert.equal(scope.render("{{ hostvars['n7'].ip }}"), '10.0.0.8')
    assert.deepEqual(scope.renderValue("{{ group | map('extract', hostvars, 'ip') | list }}"), ['10.0.0.4', '10.0.0.5'])
    assert.equal(scope.renderValue('{% for h in group %}{{ hostvars[h].ip }} {% endfor %}'), '10.0.0.4 10.0.0.5 ')
    assert.equal(scope.holds(["'n9' in hostvars", "hostvars['nx'] is not defined"]), true)
    const idiom = "{{ group | map('extract', hostvars) | map(attribute='ip') | join(' ') }}"
    assert.equal(scope.render(idiom), '10.0.0.4 10.0.0.5')
    assert.equal(scope.render("{{ hostvars.get('n7').ip }}"), '10.0.0.8')
    assert.deepEqual(new Set(asked), new Set(['n7', 'n3', 'n4', 'nx']))
  })

  it('leaves out what is omitted, at any depth', () => {
    const scope = scopeOf({ mode: '{{ absent | default(omit) }}' })
    assert.ok(isOmitted(scope.renderValue('{{ mode }}')))
    assert.deepEqual(scope.renderValue({ a: '{{ mode }}', b: ['{{ omit }}', 1], c: { d: '{{ omit }}' } }), {
      b: [1],
      c: {},
    })
  })

  it('asks for true or false in conditions', () => {
    const scope = scopeOf({ list: [1], flag: true })
    assert.equal(scope.holds([]), true)
    assert.equal(scope.holds(['flag', 'list | length == 1']), true)
    assert.equal(scope.holds(['not flag', 'nowhere']), false)
    assert.match(errorOf(() => scope.holds(['list'])).message, /The condition "list" gives a list/)
  })

  it('reads escapes in template files but not in values', () => {
    const scope = scopeOf({})
    assert.equal(scope.render("{{ 'a\\nb' }}"), 'a\\nb')
    assert.equal(scope.renderFile("{{ 'a\\nb' }}\n"), 'a\nb\n')
    assert.equal(scope.renderFile('{% if false %}x{% endif %}'), '')
  })
})

describe('templates', () => {
  it('reach no JavaScript: only own entries, listed methods and listed functions', () => {
    const scope = createScope([
      { values: { map: { a: 1 }, text: 'x', list: [1] }, trusted: true },
      { values: { code: () => 'called', date: new Date(0) }, trusted: false },
    ])
    const attempts = [
      'map.constructor',
      'map.__proto__',
      'text.constructor',
      'list.constructor',
      "map['__proto__']",
      'list.map',
      'text.length',
      'date.getTime',
      'code.constructor',
      "''.constructor.constructor",
      'loop.constructor',
      'hostvars.constructor',
      'vars.constructor',
    ]
    for (const attempt of attempts) assert.equal(scope.evaluate(`${attempt} is defined`), false, attempt)
    const calls = [
      "text.constructor('x')",
      'map.toString()',
      'list.concat([1])',
      'code()',
      "''.sub('x')",
      'map.hasOwnProperty(1)',
      'date.getTime()',
      "eval('1')",
      "lookup('env', 'HOME')",
      "map.get('a').constructor()",
    ]
    for (const call of calls) assert.throws(() => scope.evaluate(call), TaskError, call)
  })

  it('do not run for ever', () => {
    const loops = '{% for a in range(2000) %}{% for b in range(2000) %}{{ a }}{% endfor %}{% endfor %}'
    assert.match(errorOf(() => scopeOf({}).render(loops)).message, /runs too long/)
    assert.match(errorOf(() => scopeOf({}).render('{{ range(10000000) }}')).message, /at most/)
  })

  it('say where their syntax is wrong', () => {
    const scope = scopeOf({})
    for (const text of [
      '{{ a',
      '{{ }}',
      '{% if x %}',
      '{% endif %}',
      '{{ a b }}',
      '{% include "x" %}',
      '{{ "a }}',
      '{# x',
      '{{ 1 ? 2 }}',
    ]) {
      assert.throws(() => scope.render(text), TaskError, text)
    }
  })

  it('fail only with an error of a task, whatever the text', () => {
    const words = [
      '{{',
      '}}',
      '{%',
      '%}',
      'if',
      'for',
      'in',
      'x',
      'map',
      '.',
      '[',
      ']',
      '(',
      ')',
      '|',
      'join',
      '-',
      '1',
      '"',
      "'",
      ',',
      ' ',
      '~',
      'is',
      'not',
      'endif',
      '{',
      '}',
      ':',
      '==',
      '#}',
      '{#',
      '\\',
      '\n',
      'set',
      '=',
    ]
    const scope = scopeOf({ x: [1, 'a', null], map: { a: 1 } })
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...words), { maxLength: 16 }), (pieces) => {
        for (const text of [pieces.join(' '), `{{ ${pieces.join(' ')} }}`, pieces.join('')]) {
          try {
            scope.renderValue(text)
          } catch (error) {
            assert.ok(error instanceof TaskError, `${text}: ${String(error)}`)
          }
        }
      }),
      { numRuns: 1000 },
    )
  })

  it('suggest the filter or test that was meant', () => {
    const scope = scopeOf({})
    assert.equal(errorOf(() => scope.evaluate("'a' | uper")).hint, 'Did you mean "upper"?')
    assert.equal(errorOf(() => scope.evaluate("'a' is strin")).hint, 'Did you mean "string"?')
  })
})
