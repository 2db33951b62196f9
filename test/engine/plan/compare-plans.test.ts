import assert from 'node:assert/strict'
import fc from 'fast-check'
import { compareInputs, compareRemaining, compareRuns } from '../../../src/engine/plan/compare-plans.ts'
import type { Plan, PlannedInputs, PlannedStep } from '../../../src/engine/plan/plan.ts'

type Runs = Pick<Plan, 'plays' | 'steps' | 'seen'>

const names = fc.constantFrom('es1', 'es2', 'kb1')
const digest = fc.stringMatching(/^[a-z]{4}$/)
const task = fc.constantFrom({ task: 'A', at: 'play.yml:5:7' }, { task: 'B', at: 'play.yml:9:7' })
const change = fc.record({
  host: names,
  play: fc.constantFrom('First', 'Second'),
  module: fc.constant('copy'),
  status: fc.constant('change' as const),
  summary: fc.string(),
  effects: fc.array(fc.string(), { maxLength: 2 }),
  digest,
})
const step: fc.Arbitrary<PlannedStep> = fc.tuple(change, task).map(([one, which]) => ({ ...one, ...which }))
const seen = fc.dictionary(
  names,
  fc.dictionary(
    fc.constantFrom('file:/etc/a', 'file:/etc/b', 'service:x'),
    fc.record({ words: fc.constantFrom('a file, root:root 0644', 'absent'), digest }),
    { minKeys: 1 },
  ),
)
const runs: fc.Arbitrary<Runs> = fc.record({
  plays: fc.array(fc.record({ play: fc.constant('First'), hosts: fc.uniqueArray(names) }), { maxLength: 2 }),
  steps: fc.array(step, { maxLength: 6 }),
  seen,
})
const inputs: fc.Arbitrary<PlannedInputs> = fc.record({
  files: fc.dictionary(fc.constantFrom('/p/play.yml', '/p/tasks.yml'), digest),
  variablesOfHosts: fc.dictionary(names, digest),
  variables: fc.dictionary(fc.constantFrom('a', 'b'), digest),
  extraVars: fc.dictionary(fc.constantFrom('x', 'y'), digest),
})

describe('comparing plans', () => {
  it('finds nothing where nothing has changed', () => {
    fc.assert(fc.property(runs, (one) => assert.deepEqual(compareRuns(one, structuredClone(one)), [])))
    fc.assert(fc.property(inputs, (one) => assert.deepEqual(compareInputs(one, structuredClone(one)), [])))
  })

  it('names the host and the thing whenever one answer is another', () => {
    fc.assert(
      fc.property(runs, fc.nat(), fc.boolean(), (one, pick, ofWords) => {
        const all = Object.entries(one.seen).flatMap(([host, answers]) => Object.keys(answers).map((of) => [host, of]))
        fc.pre(all.length > 0)
        const [host = '', of = ''] = all[pick % all.length]!
        const before = one.seen[host]![of]!
        const after = ofWords ? { ...before, words: 'a folder, root:root 0755' } : { ...before, digest: 'OTHER' }
        const moved = compareRuns(one, { ...one, seen: { ...one.seen, [host]: { ...one.seen[host], [of]: after } } })
        assert.deepEqual(
          moved.map((movement) => movement.host),
          [host],
        )
        assert.ok(moved[0]!.text.includes(of.startsWith('file:') ? of.slice(5) : 'service x'), moved[0]!.text)
      }),
    )
  })

  it('names host and task whenever a change is gone, new or another', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 6 }), fc.nat(), (steps, pick) => {
        const index = pick % steps.length
        const chosen = steps[index]!
        const without = steps.toSpliced(index, 1)
        const other = steps.with(index, { ...chosen, digest: 'OTHER' })
        const base: Runs = { plays: [], steps, seen: {} }
        for (const [before, after] of [
          [base, { ...base, steps: without }],
          [{ ...base, steps: without }, base],
          [base, { ...base, steps: other }],
        ] as const) {
          const moved = compareRuns(before, after)
          assert.deepEqual(
            moved.map(({ host }) => host),
            [chosen.host],
          )
          assert.ok(moved[0]!.text.includes(`task "${chosen.task}"`), moved[0]!.text)
        }
      }),
    )
  })

  it('compares nothing of a step that only the run can decide', () => {
    const waiting: PlannedStep = {
      ...{ host: 'es1', play: 'P', task: 'Gate', at: 'play.yml:1:1', module: 'cluster_gate' },
      ...{ status: 'undetermined', summary: 'would wait; now: 3 shards move', effects: [] },
    }
    const none: Runs = { plays: [], steps: [], seen: {} }
    const before = { ...none, steps: [waiting] }
    assert.deepEqual(compareRuns(before, { ...none, steps: [{ ...waiting, summary: 'would wait; now: 1' }] }), [])
    assert.deepEqual(compareRuns(before, none), [])
  })

  it('tells the cause alone, not what follows from it on the same host', () => {
    const change = { host: 'es1', play: 'P', task: 'T', at: 'play.yml:1:1', module: 'copy', effects: [] } as const
    const made = (digestOf: string, host: string): PlannedStep => ({
      ...{ ...change, host },
      ...{ status: 'change', summary: 'content changed', digest: digestOf },
    })
    const of = (mark: string): Runs => ({
      plays: [],
      steps: [made(mark, 'es1'), made(mark, 'es2')],
      seen: { es1: { 'file:/etc/a': { words: 'a file, root:root 0644', digest: mark } } },
    })
    assert.deepEqual(
      compareRuns(of('a'), of('b')).map(({ host, text }) => `${host}: ${text}`),
      [
        'es1: /etc/a has another content than in the plan',
        'es2: task "T" would do it otherwise than in the plan: content changed',
      ],
    )
  })

  it('says of a host that it came or went', () => {
    const of = (...hosts: readonly string[]): Runs => ({ plays: [{ play: 'P', hosts }], steps: [], seen: {} })
    assert.deepEqual(
      compareRuns(of('es1', 'es2'), of('es2', 'es3')).map(({ host, text }) => `${host} ${text}`),
      ['es1 is no longer in play "P"', 'es3 is new in play "P"'],
    )
  })

  describe('with what is left of a run that was cut off', () => {
    const nothing: ReadonlySet<string> = new Set()
    const words = (moved: ReturnType<typeof compareRemaining>) =>
      moved.map(({ host, text }) => `${host ?? ''}: ${text}`)

    it('finds nothing where a part of the plan is left, whatever is seen on the hosts that it has changed', () => {
      fc.assert(
        fc.property(runs, seen, fc.func(fc.boolean()), (plan, other, isLeft) => {
          const left = { plays: plan.plays, steps: plan.steps.filter(isLeft), seen: other }
          assert.deepEqual(compareRemaining(plan, left, new Set(['es1', 'es2', 'kb1'])), [])
        }),
      )
    })

    it('names a change that the plan does not have, or has otherwise', () => {
      fc.assert(
        fc.property(fc.array(step, { minLength: 1, maxLength: 6 }), fc.nat(), (steps, pick) => {
          const chosen = steps[pick % steps.length]!
          const now: Runs = { plays: [], steps: [{ ...chosen, digest: 'OTHER' }], seen: {} }
          const [other] = compareRemaining({ plays: [], steps, seen: {} }, now, nothing)
          assert.match(
            `${other?.host ?? ''}: ${other?.text ?? ''}`,
            new RegExp(`^${chosen.host}: task "${chosen.task}" would `),
          )
          const [more] = compareRemaining({ plays: [], steps: [], seen: {} }, now, nothing)
          assert.ok(more?.text.startsWith(`task "${chosen.task}" would do what the plan does not have: `), more?.text)
        }),
      )
    })

    it('lets anything be decided where the plan could not', () => {
      const one: PlannedStep = {
        ...{ host: 'es1', play: 'P', task: 'T', at: 'play.yml:1:1', module: 'copy' },
        ...{ status: 'undetermined', summary: 's', effects: [] },
      }
      const none: Runs = { plays: [], steps: [], seen: {} }
      const decided = { ...none, steps: [{ ...one, status: 'change', digest: 'd' } as const] }
      assert.deepEqual(compareRemaining({ ...none, steps: [one] }, decided, nothing), [])
      assert.equal(compareRemaining({ ...none, steps: [{ ...one, host: 'es2' }] }, decided, nothing).length, 1)
    })

    it('tells what moved on a host that it has not changed, and no host that is missing from a play', () => {
      const of = (word: string, ...hosts: readonly string[]): Runs => {
        const there = { 'file:/etc/a': { words: word } }
        return { plays: [{ play: 'P', hosts }], steps: [], seen: { es1: there, es2: there } }
      }
      const moved = compareRemaining(of('absent', 'es1', 'es2'), of('a folder', 'es2', 'es3'), new Set(['es1']))
      assert.deepEqual(words(moved), ['es3: is new in play "P"', 'es2: /etc/a is a folder; in the plan it was absent'])
    })
  })

  it('names files, variables with their hosts, and variables of -e', () => {
    const before: PlannedInputs = {
      files: { '/p/play.yml': 'a', '/p/tasks.yml': 'a' },
      variablesOfHosts: { es1: 'a', es2: 'a', es3: 'a' },
      variables: { http_names: 'a', cluster: 'a' },
      extraVars: { renew: 'a', gone: 'a' },
    }
    const after: PlannedInputs = {
      files: { '/p/play.yml': 'b' },
      variablesOfHosts: { es1: 'a', es2: 'b', es4: 'a' },
      variables: { http_names: 'b', cluster: 'a' },
      extraVars: { renew: 'b', more: 'a' },
    }
    assert.deepEqual(
      compareInputs(before, after).map(({ host, text }) => (host === undefined ? text : `${host}: ${text}`)),
      [
        '"/p/play.yml" was changed',
        '"/p/tasks.yml" cannot be read any more',
        'the variable "renew" had another value with -e',
        'the variable "gone" was given with -e, and is not now',
        'the variable "more" was not given with -e',
        'es3: is not in the inventory any more',
        'es4: is new in the inventory',
        'es2: has other values of "http_names" in the inventory',
      ],
    )
  })
})
