import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { demoAccount } from '../../../scripts/demo/account.ts'
import { plainHealth } from '../../../scripts/demo/cluster.ts'
import type { DemoNode } from '../../../scripts/demo/node.ts'
import { processesOf } from '../../../scripts/demo/processes.ts'
import { standIn } from '../../../scripts/demo/product.ts'
import { Stage } from '../../../scripts/demo/stage.ts'
import { keystoreHeader, readKeystore } from '../../../src/elastic/keystore-file.ts'
import { startFailure } from '../../../src/elastic/start-failure.ts'

describe('the demo with the stand-in', function () {
  this.timeout(120_000)

  const stage = new Stage(demoAccount())
  let inventory = ''
  let node: DemoNode

  before(async () => {
    inventory = await stage.start(await standIn(join(stage.folder, 'stand-in'), 'a test asks for it'), () => undefined)
    node = stage.nodes[0]!
  })
  after(() => stage.close())

  it('is a cluster of three that answers by plain http to the right password alone', async () => {
    const health = await plainHealth(node.httpPort, stage.password)
    assert.deepEqual([health?.status, health?.number_of_nodes], ['green', 3])
    assert.equal(await plainHealth(node.httpPort, 'wrong'), undefined)
  })

  it('has a keystore in the format of Elasticsearch', async () => {
    const bytes = readFileSync(join(node.home, 'config/elasticsearch.keystore'))
    assert.deepEqual(keystoreHeader(bytes), { version: 7, isProtected: false })
    assert.equal((await readKeystore(bytes)).get('bootstrap.password')?.reveal(), stage.password)
  })

  it('is not changed by a check, which foresees the run', async () => {
    const state = await stage.state()
    const check = await elkseal('run', 'playbooks/secure-http.yml', '-i', inventory, '--check')
    assert.equal(check.code, 0, check.output)
    assert.match(check.output, /^es3 .* changed=[1-9]/m)
    assert.equal(await stage.state(), state)
  })

  it('is secured by the run, node by node', async () => {
    const run = await elkseal('run', 'playbooks/secure-http.yml', '-i', inventory)
    assert.equal(run.code, 0, run.output)
    for (const { name } of stage.nodes) assert.match(run.output, new RegExp(`BATCH \\d of 3: ${name}`))
    assert.equal(await plainHealth(node.httpPort, stage.password), undefined)
  })

  it('passes every check of verify', async () => {
    const verify = await elkseal('verify', '-i', inventory)
    assert.equal(verify.code, 0, verify.output)
    assert.match(verify.output, /^18 checks, all as they should be$/m)
  })

  it('is left alone by a second run', async () => {
    const state = await stage.state()
    const run = await elkseal('run', 'playbooks/secure-http.yml', '-i', inventory)
    assert.equal(run.code, 0, run.output)
    const recap = run.output.match(/^es\d .*\bchanged=\d+/gm)
    assert.deepEqual(
      recap?.map((line) => /changed=\d+/.exec(line)?.[0]),
      ['changed=0', 'changed=0', 'changed=0'],
    )
    assert.equal(await stage.state(), state)
  })

  it('does not start with a wrong password or without its file, and says so where Elasticsearch does', () => {
    assert.equal(failedStart(node, () => undefined).code, 1)
    const p12 = join(node.home, 'config/http.p12')
    const bytes = readFileSync(p12)
    try {
      const broken = failedStart(node, () => writeFileSync(p12, 'no keystore'))
      assert.equal(broken.cause, `the password in the Elasticsearch keystore does not open "${p12}"`)
      const missing = failedStart(node, () => rmSync(p12))
      assert.equal(missing.cause, `"${p12}" does not exist`)
    } finally {
      writeFileSync(p12, bytes)
    }
  })

  /** A second start beside the running node; left to itself, its port is taken. */
  function failedStart({ home }: DemoNode, prepare: () => void): { code: number | null; cause: string | undefined } {
    prepare()
    const { uid, gid } = stage.account
    const { status, stderr } = spawnSync(join(home, 'bin/elasticsearch'), ['-d'], {
      ...(process.getuid?.() === 0 ? { uid, gid } : {}),
      cwd: '/',
      encoding: 'utf8',
    })
    assert.match(stderr, /check the logs at .*demo\.log\n.*died while starting up, with exit code 1/)
    const log = readFileSync(join(home, 'logs/demo.log'), 'utf8')
    return { code: status, cause: startFailure({ log, console: '' })?.cause }
  }

  function elkseal(...words: readonly string[]): Promise<{ code: number | null; output: string }> {
    return programme('bin/elkseal.js', words, { XDG_CONFIG_HOME: join(stage.folder, 'config') }).ended
  }
})

describe('npm run demo', function () {
  this.timeout(60_000)

  it('tells an option that it does not have', async () => {
    const { code, output } = await programme('scripts/demo.ts', ['--standin']).ended
    assert.equal(code, 1)
    assert.match(output, /Unknown option '--standin'[\s\S]*Usage: npm run demo/)
  })

  it('says that it is a stand-in, and leaves no process and no folder behind when it is interrupted', async () => {
    const demo = programme('scripts/demo.ts', ['--stand-in'])
    const folder = await demo.printed(/-i (\/\S+elkseal-demo-\w+)\/hosts\.yml --check/)
    assert.ok(processesOf(folder).length >= 3)
    demo.signal('SIGINT')
    const { code, output } = await demo.ended
    assert.equal(code, 130)
    assert.match(output, /THIS IS A STAND-IN, NOT ELASTICSEARCH/)
    assert.deepEqual(processesOf(folder), [])
    assert.equal(existsSync(folder), false)
  })
})

interface Programme {
  readonly ended: Promise<{ code: number | null; output: string }>
  /** The first group of the pattern, once the output has it. */
  readonly printed: (pattern: RegExp) => Promise<string>
  readonly signal: (name: NodeJS.Signals) => void
}

function programme(file: string, words: readonly string[], environment: NodeJS.ProcessEnv = {}): Programme {
  const child = spawn(process.execPath, [file, ...words], {
    cwd: join(import.meta.dirname, '../../..'),
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (part: Buffer) => {
      output += part.toString()
    })
  }
  const ended = new Promise<{ code: number | null; output: string }>((resolve) => {
    child.once('close', (code) => resolve({ code, output }))
  })
  const printed = (pattern: RegExp) =>
    new Promise<string>((resolve, reject) => {
      child.stdout.on('data', () => {
        const found = pattern.exec(output)?.[1]
        if (found !== undefined) resolve(found)
      })
      void ended.then(() => reject(new Error(`It ended without ${String(pattern)}:\n${output}`)))
    })
  return { ended, printed, signal: (name) => child.kill(name) }
}
