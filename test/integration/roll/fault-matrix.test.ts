import assert from 'node:assert/strict'
import { fullDisk, readOnlyDisk } from './broken-disk.ts'
import { RollBench, type RollEvent, type RollResult, type Serial } from './roll-bench.ts'
import type { NodePicture, RollNode } from './roll-node.ts'

interface Fault {
  readonly name: string
  /** Makes it happen to this node. What is returned undoes it, and knows what the host will say. */
  readonly arm?: (node: RollNode) => Armed
  /** Of the node. */
  readonly variables?: Readonly<Record<string, string>>
  /** Of all of them. */
  readonly extraVars?: Readonly<Record<string, string>>
  readonly code: 2 | 4
  readonly status: 'failed' | 'unreachable'
  readonly says: RegExp
  /** What the others of its batch are afterwards: put back, or new where all of them had come through. */
  readonly mates: 'old' | 'new'
}

interface Armed {
  readonly says?: RegExp
  readonly mend?: () => void
}

const faults: readonly Fault[] = [
  {
    name: 'a task fails',
    arm: (node) => node.arm('refuses'),
    code: 2,
    status: 'failed',
    says: /exit code 1/,
    mates: 'old',
  },
  {
    name: 'it cannot be reached',
    variables: { ansible_port: '9' },
    code: 4,
    status: 'unreachable',
    says: /Cannot connect to "127\.0\.0\.1" port 9|refused/,
    mates: 'old',
  },
  {
    name: 'its connection is cut in the middle of a file',
    arm: (node) => node.cutConnectionInTheMiddleOfNewFile(),
    code: 4,
    status: 'unreachable',
    says: /The connection to "h\d" was lost/,
    mates: 'old',
  },
  {
    name: 'a command hangs',
    arm: (node) => node.arm('hangs'),
    variables: { start_timeout: '1' },
    code: 4,
    status: 'unreachable',
    says: /did not end within 1 s/,
    mates: 'old',
  },
  {
    name: 'its disk is full',
    arm: (node) => fullDisk(node.home),
    code: 2,
    status: 'failed',
    says: /while writing ".*http\.p12": the old file is unchanged/,
    mates: 'old',
  },
  {
    name: 'its file system is read-only',
    arm: (node) => readOnlyDisk(node.home),
    code: 2,
    status: 'failed',
    says: /while writing ".*http\.p12": the old file is unchanged/,
    mates: 'old',
  },
  {
    name: 'its sudo password is wrong',
    variables: { ansible_become_password: 'not-the-one' },
    code: 4,
    status: 'unreachable',
    says: /Cannot become "root" on "h\d" by sudo: the password is wrong/,
    mates: 'old',
  },
  {
    name: 'it does not come back',
    arm: (node) => node.arm('dies'),
    code: 2,
    status: 'failed',
    says: /Elasticsearch does not start on "h\d": .*not permitted to read ".*http\.p12"/,
    mates: 'old',
  },
  {
    name: 'it comes back with the old certificate',
    arm: (node) => node.arm('keeps-old'),
    variables: { served_timeout: '1' },
    code: 2,
    status: 'failed',
    says: /Gave up waiting for "h\d" to serve certificate .*: certificate [0-9a-f]+ is served/,
    mates: 'new',
  },
  {
    name: 'its gate never opens',
    arm: (node) => node.arm('never-settles'),
    extraVars: { gate_timeout: '1' },
    code: 2,
    status: 'failed',
    says: /Gave up waiting for .*shards_settled: 0 shards relocate, 2 initialize/,
    mates: 'old',
  },
]

/** Of five. */
const places = [0, 2, 4]

const serials: readonly (readonly [Serial, number])[] = [
  ['1', 1],
  ['2', 2],
  ['100%', 5],
]

// Every fault, on the first, a middle and the last of five nodes, in a roll of one, two and all nodes at a time.
describe('a roll that meets a fault', function () {
  this.timeout(30_000)

  // One for each place: the three meet their fault at the same time, since most of a roll is waiting.
  let benches: readonly RollBench[] = []
  before(async () => {
    benches = await Promise.all(places.map(() => RollBench.open()))
  })
  after(() => Promise.all(benches.map((bench) => bench.close())))

  for (const fault of faults) {
    describe(fault.name, () => {
      for (const [serial, size] of serials) {
        it(`on the first, a middle and the last node, ${serial} at a time`, async () => {
          await Promise.all(places.map((index, number) => meets(benches[number]!, fault, { serial, size, index })))
        })
      }
    })
  }

  async function meets(
    bench: RollBench,
    fault: Fault,
    { serial, size, index }: { readonly serial: Serial; readonly size: number; readonly index: number },
  ): Promise<void> {
    bench.reset()
    const node = bench.nodes[index]!
    const before = bench.nodes.map((one) => one.picture())
    const armed = fault.arm?.(node)
    let result: RollResult
    try {
      result = await bench.run({
        serial,
        variables: { [node.name]: fault.variables ?? {} },
        extraVars: fault.extraVars ?? {},
      })
    } finally {
      armed?.mend?.()
    }
    const trouble = troubles(result)
    assert.equal(result.code, fault.code, told(result))
    assert.equal(trouble[0]?.status, fault.status, told(result))
    assert.match(trouble[0].summary ?? '', fault.says)
    if (armed?.says !== undefined) assert.match(trouble[0].summary ?? '', armed.says)
    assert.match(saidAtTheEnd(result), new RegExp(`"${node.name}".*run the same command again`), told(result))
    assert.deepEqual(bench.cluster.persistent, {}, told(result))
    const start = Math.floor(index / size) * size
    for (const [place, one] of bench.nodes.entries()) {
      const old = before[place]!
      const seen = { serves: await one.serves(), ...one.picture() }
      const said = `${one.name}: ${told(result)}`
      if (place < start) assertNew(seen, { old, said, starts: 1 })
      else if (place >= start + size) assert.deepEqual(seen, { serves: 'old', ...old }, said)
      else if (one === node || fault.mates === 'old') {
        assert.deepEqual([seen.serves, seen.files], ['old', old.files], said)
      } else assertNew(seen, { old, said, starts: 1 })
    }
  }
})

interface Seen extends NodePicture {
  readonly serves: string
}

function assertNew(
  seen: Seen,
  { old, said, starts }: { readonly old: NodePicture; readonly said: string; readonly starts: number },
): void {
  assert.deepEqual([seen.serves, seen.starts, seen.files.length], ['new', starts, old.files.length], said)
  for (const [index, file] of seen.files.entries()) assert.notEqual(file, old.files[index], said)
}

function troubles({ events }: RollResult): readonly RollEvent[] {
  return events.filter(({ event, status }) => event === 'task' && (status === 'failed' || status === 'unreachable'))
}

function saidAtTheEnd({ events }: RollResult): string {
  return events
    .filter(({ event }) => event === 'notice')
    .map(({ message }) => message)
    .join('\n')
}

/** What happened, for the message of an assertion. */
function told(result: RollResult): string {
  const tasks = result.events.filter(({ event }) => event === 'task' || event === 'notice' || event === 'problem')
  return tasks
    .map(({ host, task, status, summary, hint, message }) => [host, task, status, summary, hint, message].join(' '))
    .join('\n')
}
