import { spawn, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { demoAccount } from './demo/account.ts'
import { plainHealth } from './demo/cluster.ts'
import { DemoError } from './demo/demo-error.ts'
import { demoOptions, usage } from './demo/options.ts'
import { realProduct, standIn, type Product } from './demo/product.ts'
import { progress, restoreTerminal, say, showCommand, tell } from './demo/screen.ts'
import { Stage } from './demo/stage.ts'

/*
 * `npm run demo`: the main job on three hosts inside this process, with no root and no cluster of one's own. Each host
 * is an ssh server on a loopback port with a folder of its own; its commands are real ones, and so is Elasticsearch
 * where this machine can run it.
 */

const started = Date.now()
let stage: Stage | undefined
let child: ChildProcess | undefined
let ended = false

for (const [signal, code] of Object.entries({ SIGHUP: 129, SIGINT: 130, SIGTERM: 143 })) {
  process.on(signal, () => void end(code))
}
// Whoever reads along has gone: npm run demo | head.
process.stdout.on('error', () => void end(141))

try {
  await end(await demo())
} catch (thrown) {
  // A tool that was interrupted with the demo fails before the demo hears of the signal.
  await new Promise((resolve) => setTimeout(resolve, 50))
  if (!ended) {
    restoreTerminal()
    const text = thrown instanceof DemoError || !(thrown instanceof Error) ? String(thrown) : String(thrown.stack)
    process.stderr.write(`${text.replace(/^Error: /, '')}\n`)
    await end(1)
  }
}

async function demo(): Promise<number> {
  const options = demoOptions(process.argv.slice(2))
  if (options.help) {
    process.stdout.write(usage)
    return 0
  }
  if (process.platform !== 'linux') throw new DemoError('The demo needs Linux: its hosts are looked at through /proc')
  say('elkseal: the demo', [
    'Three Elasticsearch nodes talk plain http. elkseal gives them https over SSH, one by one.',
    'Their hosts are ssh servers inside this process; only a temporary folder is written to.',
  ])
  stage = new Stage(demoAccount())
  const product = await chooseProduct(stage, options.standIn)
  const name = product.standInBecause === undefined ? 'Elasticsearch 9.5.0' : 'the stand-in'
  const { tick, done } = progress(`Starting three nodes of ${name}`)
  const inventory = await stage.start(product, tick)
  done('green, 3 of 3 nodes')
  return await mainJob(stage, inventory)
}

async function mainJob(stage: Stage, inventory: string): Promise<number> {
  const run = ['run', 'playbooks/secure-http.yml', '-i', inventory]
  say('1. Before: anybody on the network can read along')
  if (!(await asksInPlainHttp(stage))) return 1

  say('2. What would a run do? --check looks and tells, and changes nothing')
  const before = await stage.state()
  if ((await elkseal(...run, '--check')) !== 0) return 1
  if (!proven('No file and no process of the nodes has changed', await stage.isStill(before))) return 1

  say('3. The run: certificates are made here, then one node after the other gets them and restarts')
  if ((await elkseal(...run)) !== 0) return 1

  say('4. Is it so? verify looks from outside and trusts the new authority alone')
  if ((await elkseal('verify', '-i', inventory)) !== 0) return 1

  say('5. Once more: there is nothing to do')
  const after = await stage.state()
  if ((await elkseal(...run)) !== 0) return 1
  if (!proven('No file has changed, and no node was restarted', await stage.isStill(after))) return 1

  say('6. After: plain http gets no answer')
  if (await asksInPlainHttp(stage)) return 1
  say('Where to go next', [
    'Your own cluster: take your Ansible inventory, or copy inventory/example/, and look first:',
    '  npx elkseal run playbooks/secure-http.yml -i inventory/production.yml --check --diff',
    'What happens, step by step: playbooks/secure-http.yml. All variables: docs/variables.md.',
    '',
    `The demo took ${Math.round((Date.now() - started) / 1000)} s. Its processes are ended and its folder is removed now.`,
  ])
  return 0
}

async function chooseProduct(stage: Stage, isStandInWanted: boolean): Promise<Product> {
  if (!isStandInWanted) {
    const { tick, done } = progress('Elasticsearch 9.5.0')
    tick('fetched with mvn from Maven Central the first time (130 MB)')
    const product = await realProduct(stage.account)
    if ('home' in product) {
      done(`real, on the JDK in ${product.jdk ?? ''}`)
      return product
    }
    done(product.obstacle)
    return announced(await standIn(join(stage.folder, 'stand-in'), product.obstacle))
  }
  return announced(await standIn(join(stage.folder, 'stand-in'), 'it was asked for with --stand-in'))
}

function announced(product: Product): Product {
  tell(
    '',
    'THIS IS A STAND-IN, NOT ELASTICSEARCH: a small program with the files, tools and answers',
    `that elkseal meets (scripts/demo/stand-in/). Why: ${product.standInBecause ?? ''}.`,
    '',
  )
  return product
}

/** Shows the question and what comes back. */
async function asksInPlainHttp(stage: Stage): Promise<boolean> {
  const port = stage.nodes[0]?.httpPort ?? 0
  showCommand(`curl -u elastic:… http://127.0.0.1:${port}/_cluster/health`)
  const health = await plainHealth(port, stage.password)
  if (health === undefined) tell('the connection is closed')
  else tell(`{"status":"${health.status}","number_of_nodes":${health.number_of_nodes}, …}`)
  return health !== undefined
}

function proven(claim: string, isSo: boolean): boolean {
  tell('', isSo ? `Compared by the demo: ${claim.charAt(0).toLowerCase()}${claim.slice(1)}.` : `NOT SO: ${claim}.`)
  return isSo
}

/** The tool as its users have it: a process of its own, drawing on this terminal. */
function elkseal(...words: readonly string[]): Promise<number> {
  showCommand(['elkseal', ...words].join(' '))
  return new Promise((resolve, reject) => {
    if (ended || stage === undefined) return
    child = spawn(process.execPath, ['bin/elkseal.js', ...words], {
      cwd: join(import.meta.dirname, '..'),
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, XDG_CONFIG_HOME: join(stage.folder, 'config') },
      // ctrl-C is for the demo, which ends everything: elkseal alone would first finish its batch.
      detached: true,
    })
    child.once('error', reject)
    child.once('exit', (code) => {
      child = undefined
      if (!ended) resolve(code ?? 1)
    })
  })
}

async function end(code: number): Promise<void> {
  if (ended) return
  ended = true
  const isInterrupted = code > 128 && code !== 141
  child?.kill('SIGKILL')
  if (isInterrupted) {
    restoreTerminal()
    process.stderr.write('\nInterrupted: ending the nodes and removing the folder …\n')
  }
  await stage?.close()
  process.exit(code)
}
