import assert from 'node:assert/strict'
import fc from 'fast-check'
import { argumentNames, argumentProblems, parseArguments, requiredArguments } from '../../src/modules/arguments.ts'
import { modulesByName } from '../../src/modules/registry.ts'
import { Secret } from '../../src/secrets/secret.ts'

const module = (name: string) => modulesByName.get(name)!
const at = (line: number) => ({ file: 'site.yml', line, column: 5 })
const messages = (name: string, args: Record<string, unknown>) =>
  argumentProblems(module(name), args, new Map()).map((problem) => problem.message)

describe('argumentProblems', () => {
  it('finds all unknown and missing names at once, with their places and the word that was meant', () => {
    const positions = new Map([
      ['onwer', at(4)],
      ['wat', at(5)],
    ])
    assert.deepEqual(argumentProblems(module('file'), { onwer: 'root', wat: 1 }, positions, at(3)), [
      { message: 'Argument "onwer" of file is not supported', position: at(4), hint: 'Did you mean "owner"?' },
      { message: 'Argument "wat" of file is not supported', position: at(5), hint: 'See "elkseal doc file"' },
      { message: 'Argument "path" of file is required', position: at(3) },
    ])
  })

  it('takes aliases, but not both names of one argument', () => {
    assert.deepEqual(messages('file', { dest: '/a' }), [])
    assert.deepEqual(messages('file', { dest: '/a', path: '/a' }), [
      'Arguments "dest" and "path" of file are the same one',
    ])
  })

  it('checks what is fixed and leaves what holds Jinja or is vaulted', () => {
    assert.deepEqual(messages('file', { path: '{{ a }}', state: 'nowhere' }), [
      'Argument "state" of file must be one of file, directory, link, hard, touch, absent, not "nowhere"',
    ])
    assert.deepEqual(messages('file', { path: '/a', state: '{{ state }}', mode: '{{ mode }}' }), [])
    const vaulted = { tag: '!vault', text: '$ANSIBLE_VAULT', position: at(1) }
    assert.deepEqual(messages('uri', { url: 'https://a', user: 'a', password: vaulted, timeout: 'x' }), [
      'Argument "timeout" of uri must be a whole number, not "x"',
    ])
  })

  it('counts none as not given', () => {
    assert.deepEqual(messages('file', { path: null }), ['Argument "path" of file is required'])
    assert.deepEqual(messages('file', { path: '/a', owner: null }), [])
  })

  it('checks arguments that depend on each other', () => {
    assert.deepEqual(messages('copy', { dest: '/a' }), [
      'Arguments of copy: exactly one of "src" and "content" is needed',
    ])
    assert.deepEqual(messages('file', { path: '/a', recurse: true }), [
      'Argument "recurse" of file goes with state: directory only, not true',
    ])
  })
})

describe('parseArguments', () => {
  const file = (values: Record<string, unknown>) => parseArguments(module('file'), values) as Record<string, unknown>

  it('reads booleans as Ansible does', () => {
    for (const yes of [true, 'yes', 'Yes', 'on', 'true', 'True', 1, '1', 'y', 't']) {
      assert.equal(file({ path: '/a', force: yes })['force'], true, String(yes))
    }
    for (const no of [false, 'no', 'off', 'false', 0, '0', 'n', 'F']) {
      assert.equal(file({ path: '/a', force: no })['force'], false, String(no))
    }
    assert.throws(() => file({ path: '/a', force: 'maybe' }), /"force" of file must be a boolean .*, not "maybe"/)
  })

  it('reads modes as Ansible does, and refuses a number that was meant to be octal', () => {
    assert.equal(file({ path: '/a', mode: '0644' })['mode'], 0o644)
    assert.equal(file({ path: '/a', mode: 0o644 })['mode'], 0o644)
    assert.equal(file({ path: '/a', mode: '750' })['mode'], 0o750)
    for (const wrong of [644, 755, 600, 640, 440, '999', 'rw', '', 'u=q', true]) {
      assert.throws(() => file({ path: '/a', mode: wrong }), /"mode" of file must be a mode/, String(wrong))
    }
  })

  it('refuses a relative path', () => {
    for (const wrong of ['a', '~/a', './a', '', '/a\nb']) assert.throws(() => file({ path: wrong }), /absolute path/)
  })

  it('never repeats a secret', () => {
    const uri = { url: 'https://a', user: 'u', password: ['hunter22'] }
    assert.throws(
      () => parseArguments(module('uri'), uri),
      (error: Error) => !error.message.includes('hunter22'),
    )
    const args = parseArguments(module('uri'), { ...uri, password: new Secret('hunter22') }) as { url_password: Secret }
    assert.equal(args.url_password.reveal(), 'hunter22')
  })

  it('takes or refuses any value, and always with the name of the argument', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        try {
          file({ path: value })
          assert.ok(typeof value === 'string' && value.startsWith('/'))
        } catch (error) {
          assert.match((error as Error).message, /^Argument "path" of file (must be an absolute path|is required)/)
        }
      }),
    )
  })
})

describe('argument lists', () => {
  it('see through refinements', () => {
    assert.ok(argumentNames(module('lineinfile')).includes('destfile'))
    assert.deepEqual(requiredArguments(module('lineinfile')), ['path'])
    assert.deepEqual(requiredArguments(module('assert')), ['that'])
    assert.deepEqual(requiredArguments(module('debug')), [])
  })
})
