import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  planRotation,
  type Origin,
  type Phase,
  type RotationView,
  type SeenClient,
  type SeenServer,
} from '../../src/elastic/trust-phase.ts'

const server = (name: string, at: Origin, more: Partial<SeenServer> = {}): SeenServer => ({
  name,
  store: at,
  file: at,
  served: at,
  isSettled: true,
  obstacle: undefined,
  ...more,
})
const client = (name: string, trusts: readonly Origin[], more: Partial<SeenClient> = {}): SeenClient => ({
  name,
  trusts,
  isRead: true,
  obstacle: undefined,
  ...more,
})
const view = (more: Partial<RotationView> = {}): RotationView => ({
  store: 'steady',
  due: undefined,
  notDue: 'the CA is valid until 2031-11-23',
  obstacle: undefined,
  servers: [server('es1', 'current'), server('es2', 'current')],
  clients: [client('Kibana on kb1', ['current'])],
  ...more,
})
const rotating = (more: Partial<RotationView> = {}): RotationView => view({ store: 'rotating', ...more })
const both: readonly Origin[] = ['current', 'next']

describe('planRotation', () => {
  const table: readonly (readonly [string, RotationView, ReturnType<typeof planRotation>['phase'], RegExp])[] = [
    ['nothing is due', view(), 'none', /^the CA is valid until 2031-11-23$/],
    ['it is due', view({ due: 'forced' }), 'trust', /^a rotation begins: forced$/],
    ['no client trusts the next CA yet', rotating(), 'trust', /by Kibana on kb1 \(trusts the current CA\)$/],
    [
      'one of two clients does',
      rotating({ clients: [client('Kibana on kb1', both), client('Metricbeat on mb1', ['current'])] }),
      'trust',
      /by Metricbeat on mb1 \(trusts the current CA\); done: 1 of 2$/,
    ],
    [
      'a client has not read it yet',
      rotating({ clients: [client('Kibana on kb1', both, { isRead: false })] }),
      'trust',
      /its file has the current and the next CA, but it runs since before that was written/,
    ],
    [
      'a client trusts the next CA alone while a node serves the old one',
      rotating({ clients: [client('Kibana on kb1', ['next'])] }),
      'trust',
      /trusts the next CA/,
    ],
    [
      'all clients trust both',
      rotating({ clients: [client('Kibana on kb1', both)] }),
      'reissue',
      /due for es1 \(store of the current CA, file of the current CA, served of the current CA\), es2/,
    ],
    ['there are no clients', rotating({ clients: [] }), 'reissue', /due for es1/],
    [
      'one node is done',
      rotating({ clients: [], servers: [server('es1', 'next'), server('es2', 'current', { store: 'next' })] }),
      'reissue',
      /due for es2 \(store of the next CA, file of the current CA, .*; done: 1 of 2$/,
    ],
    [
      'a file is placed but not served',
      rotating({ clients: [], servers: [server('es1', 'next', { served: 'current', isSettled: false })] }),
      'reissue',
      /es1 \(store of the next CA, file of the next CA, served of the current CA, not the same\)/,
    ],
    [
      'a renewal by the next CA is not in place yet',
      rotating({ clients: [], servers: [server('es1', 'next', { isSettled: false })] }),
      'reissue',
      /not the same/,
    ],
    [
      'all nodes are done',
      rotating({ clients: [client('Kibana on kb1', both)], servers: [server('es1', 'next')] }),
      'drop',
      /every node serves a certificate of the next CA/,
    ],
    [
      'all nodes are done, and the old CA is gone from a client already',
      rotating({ clients: [client('Kibana on kb1', ['next'])], servers: [server('es1', 'next')] }),
      'drop',
      /every node serves/,
    ],
    ['the store is in the middle of it', view({ store: 'promoting' }), 'drop', /the old CA is dropped/],
    [
      'a client trusts the old CA still',
      view({ clients: [client('Kibana on kb1', ['current', 'former'])] }),
      'drop',
      /has to be dropped by Kibana on kb1 \(trusts the current and a former CA\)/,
    ],
    [
      'a client trusts a CA of its own besides',
      view({ clients: [client('Kibana on kb1', ['other', 'current'])] }),
      'none',
      /./,
    ],
    [
      'a client still runs with the old CA, also when another rotation is wanted',
      view({ due: 'forced', clients: [client('Kibana on kb1', ['current'], { isRead: false })] }),
      'drop',
      /runs since before/,
    ],
  ]
  for (const [title, seen, phase, text] of table) {
    it(`${title}: ${phase}`, () => {
      const plan = planRotation(seen)
      assert.equal(plan.phase, phase)
      assert.match(plan.text, text)
      assert.equal(plan.begins, seen.due !== undefined && phase === 'trust')
    })
  }

  describe('refuses', () => {
    const refused = (seen: RotationView): string => {
      const { phase, text, hint } = planRotation(seen)
      assert.equal(phase, 'refuse')
      return `${text} / ${hint}`
    }
    const obstacle = { text: 'it is down', hint: 'start it' }

    it('when a node or a client stands against it, whichever phase it is', () => {
      const down = server('es2', 'none', { obstacle })
      assert.equal(refused(view({ due: 'forced', servers: [server('es1', 'current'), down] })), 'it is down / start it')
      assert.equal(refused(rotating({ servers: [server('es1', 'next'), down] })), 'it is down / start it')
      assert.equal(refused(view({ store: 'promoting', servers: [down] })), 'it is down / start it')
      const closed = client('Kibana on kb1', both, { obstacle })
      assert.equal(refused(rotating({ clients: [closed] })), 'it is down / start it')
    })

    it('when a node serves a certificate that none of the CAs has issued', () => {
      const foreign = server('es2', 'current', { served: 'other' })
      assert.match(
        refused(view({ due: 'forced', servers: [foreign] })),
        /"es2" serves .* CA that the store does not have/,
      )
      assert.match(refused(view({ store: 'promoting', servers: [server('es1', 'other')] })), /"es1" serves/)
      assert.match(
        refused(rotating({ servers: [server('es1', 'next', { file: 'other' })] })),
        /"es1" has .* in its file/,
      )
    })

    it('when the beginning itself is not possible, or another CA is given than the one to come', () => {
      assert.equal(refused(view({ due: 'forced', obstacle })), 'it is down / start it')
      assert.equal(refused(rotating({ obstacle })), 'it is down / start it')
    })

    it('nothing when nothing is to be done, or the end of a rotation does not need it', () => {
      assert.equal(planRotation(view({ obstacle, servers: [server('es1', 'none', { obstacle })] })).phase, 'none')
      const late = client('Kibana on kb1', ['former', 'current'])
      assert.equal(planRotation(view({ obstacle, clients: [late] })).phase, 'drop')
    })
  })
})

/** CAs by their age: as in real life, `current` and `next` are only what the store calls them now. */
interface World {
  readonly ca: { readonly current: number; readonly next: number | undefined }
  readonly servers: readonly { store: number; file: number; served: number }[]
  readonly clients: readonly { file: readonly number[]; read: readonly number[] }[]
}

describe('a rotation that does what planRotation says', () => {
  const caOf = fc.constantFrom(0, 1)
  const trustOf = fc.constantFrom<readonly number[]>([], [0], [1], [0, 1])
  const worlds: fc.Arbitrary<World> = fc.record({
    ca: fc.constant({ current: 0, next: 1 }),
    servers: fc.array(fc.record({ store: caOf, file: caOf, served: caOf }), { minLength: 1, maxLength: 4 }),
    clients: fc.array(fc.record({ file: trustOf, read: trustOf }), { maxLength: 3 }),
  })

  const viewOf = ({ ca, servers, clients }: World): RotationView => {
    const origin = (one: number): Origin => (one === ca.current ? 'current' : one === ca.next ? 'next' : 'former')
    return {
      ...view(),
      store: ca.next === undefined ? 'steady' : 'rotating',
      servers: servers.map(({ store, file, served }, index) =>
        server(`es${index}`, 'none', {
          store: origin(store),
          file: origin(file),
          served: origin(served),
          isSettled: store === file && file === served,
        }),
      ),
      clients: clients.map(({ file, read }, index) =>
        client(`${index}`, file.map(origin), { isRead: String(file) === String(read) }),
      ),
    }
  }

  const replaced = <T>(list: readonly T[], index: number, by: T): readonly T[] => list.with(index, by)

  /** The worlds after each single step of a phase, host by host; a client's file is written before it is started again. */
  function* after(world: World, phase: Phase): Generator<World> {
    const next = world.ca.next ?? world.ca.current
    let now = world
    if (phase === 'reissue') {
      for (const index of world.servers.keys()) {
        now = { ...now, servers: replaced(now.servers, index, { ...now.servers[index]!, store: next }) }
        yield now
        now = { ...now, servers: replaced(now.servers, index, { ...now.servers[index]!, file: next }) }
        yield now
        now = { ...now, servers: replaced(now.servers, index, { store: next, file: next, served: next }) }
        yield now
      }
      return
    }
    if (phase === 'drop') yield (now = { ...now, ca: { current: next, next: undefined } })
    const bundle = phase === 'trust' ? [0, 1] : [next]
    for (const index of world.clients.keys()) {
      now = { ...now, clients: replaced(now.clients, index, { ...now.clients[index]!, file: bundle }) }
      yield now
      now = { ...now, clients: replaced(now.clients, index, { file: bundle, read: bundle }) }
      yield now
    }
  }

  /** A client reaches a server when it has read the CA of what that serves; started again, that of its file. */
  const broken = ({ servers, clients }: World): readonly string[] =>
    clients.flatMap(({ read }, one) =>
      servers.flatMap(({ served }, other) => (read.includes(served) ? [] : [`${one} cannot reach ${other}`])),
    )

  it('ends from any state, cuts off nobody who was not cut off before, and may be cut off anywhere itself', () => {
    fc.assert(
      fc.property(worlds, fc.array(fc.nat({ max: 20 }), { maxLength: 6 }), (start, cuts) => {
        let world = start
        for (let round = 0; round < 20; round += 1) {
          const { phase } = planRotation(viewOf(world))
          if (phase === 'none') break
          assert.notEqual(phase, 'refuse')
          const steps = [...after(world, phase as Phase)]
          // As a run does that is cut off: some of the steps, and then it is looked at again.
          for (const step of steps.slice(0, cuts[round] ?? steps.length)) {
            const before = broken(world)
            for (const loss of broken(step)) assert.ok(before.includes(loss), `${phase}: ${loss}`)
            world = step
          }
        }
        assert.equal(planRotation(viewOf(world)).phase, 'none')
        assert.deepEqual(broken(world), [])
        assert.ok(world.clients.every(({ read }) => String(read) === '1'))
        assert.ok(world.servers.every(({ store, file, served }) => store === 1 && file === 1 && served === 1))
      }),
    )
  })
})
