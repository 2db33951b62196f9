import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { parseArguments } from '../../src/modules/arguments.ts'
import { modulesByName } from '../../src/modules/registry.ts'
import { ansibleBin, needsAnsible } from '../support/ansible.ts'
import { LocalHost } from '../support/local-host.ts'

interface Edit {
  readonly module: 'lineinfile' | 'blockinfile'
  readonly args: Readonly<Record<string, string | boolean>>
  readonly text: string
}

const markers = ['# BEGIN ANSIBLE MANAGED BLOCK', '# END ANSIBLE MANAGED BLOCK']
const words = fc.constantFrom('a=1', '#a=1', 'b=2', ' b = 2', '', 'x y', 'ä', 'a=1\r', ...markers)
const texts = fc
  .tuple(fc.array(words, { maxLength: 6 }), fc.boolean())
  .map(([lines, ended]) => lines.join('\n') + (ended && lines.length > 0 ? '\n' : ''))
const patterns = fc.constantFrom('^a=', '^#?a=', '(?i)^A', 'b\\s*=\\s*(?P<n>\\d)', '2$', '^$', 'never', '=(\\d)')

const lineEdits: fc.Arbitrary<Edit> = fc
  .record(
    {
      line: fc.constantFrom('a=1', 'a=9', 'new', 'ä=ö'),
      regexp: patterns,
      search_string: fc.constantFrom('a=', '2'),
      state: fc.constantFrom('present', 'absent'),
      insertafter: fc.oneof(fc.constantFrom('EOF', 'BOF'), patterns),
      insertbefore: fc.oneof(fc.constantFrom('BOF'), patterns),
      backrefs: fc.boolean(),
      firstmatch: fc.boolean(),
    },
    { requiredKeys: ['line'] },
  )
  .map(({ insertbefore, search_string: search, ...args }) => ({
    ...args,
    // What excludes each other is refused by both.
    ...(insertbefore === undefined || args.insertafter !== undefined ? {} : { insertbefore }),
    ...(search === undefined || args.regexp !== undefined ? {} : { search_string: search }),
    ...(args.backrefs === true && args.regexp === undefined ? { backrefs: false } : {}),
  }))
  .chain((args) => texts.map((text): Edit => ({ module: 'lineinfile', args, text })))

const blockEdits: fc.Arbitrary<Edit> = fc
  .record(
    {
      block: fc.constantFrom('one', 'one\ntwo\n', '', 'a=1'),
      state: fc.constantFrom('present', 'absent'),
      insertafter: fc.oneof(fc.constantFrom('EOF'), patterns),
      insertbefore: fc.oneof(fc.constantFrom('BOF'), patterns),
      prepend_newline: fc.boolean(),
      append_newline: fc.boolean(),
    },
    { requiredKeys: ['block'] },
  )
  .map(({ insertbefore, ...args }) =>
    insertbefore === undefined || args.insertafter !== undefined ? args : { ...args, insertbefore },
  )
  .chain((args) => texts.map((text): Edit => ({ module: 'blockinfile', args, text })))

describe('lineinfile and blockinfile', () => {
  let host: LocalHost
  beforeEach(() => {
    host = new LocalHost()
  })
  afterEach(() => host.remove())

  const ours = (edit: Edit): string => {
    const module = modulesByName.get(edit.module)!
    const content = Buffer.from(edit.text)
    const sha256 = createHash('sha256').update(content).digest('hex')
    const attributes = { owner: 'root', group: 'root', mode: 0o644, mtime: 0 }
    const current = { kind: 'file', ...attributes, size: content.length, sha256, content }
    const state = { current, folder: { kind: 'directory', ...attributes }, owner: undefined, group: undefined }
    const decision = module.decide(state, parseArguments(module, { ...edit.args, path: '/text' }), host.context)
    if (decision.kind === 'keep') return edit.text
    assert.equal(decision.kind, 'change')
    const [effect] = decision.change.effects
    assert.ok(effect?.kind === 'write-file' && Buffer.isBuffer(effect.content))
    return effect.content.toString()
  }

  it('edit a text as Ansible edits it', async function () {
    this.timeout(120_000)
    needsAnsible(this)
    const edits = fc.sample(fc.oneof(lineEdits, blockEdits), { numRuns: 400, seed: 7 })
    const script = join(import.meta.dirname, 'ansible-edits.py')
    const answers = JSON.parse(
      execFileSync(ansibleBin('python'), [script], { input: JSON.stringify(edits) }).toString(),
    ) as { text?: string; error?: string }[]
    for (const [index, edit] of edits.entries()) {
      const theirs = answers[index]
      assert.equal(theirs?.error, undefined)
      if (isAnsiblesOwnMistake(edit)) continue
      assert.equal(ours(edit), theirs?.text, JSON.stringify(edit))
    }
  })

  it('change nothing a second time', () => {
    fc.assert(
      fc.property(fc.oneof(lineEdits, blockEdits), (edit) => {
        // A backreference and an expression that no longer fits are new input each time, in Ansible too.
        fc.pre(edit.args['regexp'] === undefined && edit.args['search_string'] === undefined)
        // A stray marker pairs up with one of the block's own.
        fc.pre(edit.module === 'lineinfile' || markers.every((marker) => !edit.text.includes(marker)))
        fc.pre(edit.args['block'] !== '')
        const once = ours(edit)
        assert.equal(ours({ ...edit, text: once }), once)
      }),
      { numRuns: 300 },
    )
  })

  it('leave bytes alone that are no UTF-8', async () => {
    const path = host.path('latin')
    writeFileSync(path, Buffer.from([0x66, 0xfc, 0x72, 10, 0x61, 10]))
    await host.run(modulesByName.get('lineinfile')!, { path, line: 'ü' })
    assert.deepEqual(readFileSync(path), Buffer.from([0x66, 0xfc, 0x72, 10, 0x61, 10, 0xc3, 0xbc, 10]))
  })
})

/** A line after a last line without end: Ansible appends to that line itself. */
function isAnsiblesOwnMistake({ module, args, text }: Edit): boolean {
  const named =
    typeof args['insertafter'] === 'string' && args['insertafter'] !== 'EOF' && args['insertafter'] !== 'BOF'
  if (module !== 'lineinfile') return false
  return text.endsWith('\r') || (named && text !== '' && !text.endsWith('\n'))
}
