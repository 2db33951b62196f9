import { spawn } from 'node:child_process'
import { cp, mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { installProduct, keystoreOf } from '../test/bench/hosts.ts'
import { manyHosts } from '../test/bench/many-hosts.ts'
import { median } from '../test/bench/measure.ts'
import { inNetwork, oneRound, type Bench, type Times } from '../test/bench/rounds.ts'
import { measureStartUp } from '../test/bench/start-up.ts'
import { targetsOf, writeTargets } from '../test/bench/targets.ts'
import { node, prepareTools, toolNames, type ToolName } from '../test/bench/tools.ts'
import { createLab, type Lab } from '../test/lab/lab.ts'
import { defaultPlan } from '../test/lab/lab-state.ts'
import { ensurePrerequisites } from '../test/lab/prerequisites.ts'

/*
 * The benchmark: one workload on real Debian hosts, the tools in turn, round by round, medians. The hosts share the
 * machine with the controller, so only ratios to the floor count: a careful hand-written parallel ssh script.
 */

const usage = `npm run bench -- [what] [options]
  workload   (default) the eight tasks, first run and a second one with nothing to do
             [--hosts 10] [--rounds 5] [--tools ${toolNames.join()}] [--rtt 0]
  start-up   elkseal --version, and an inventory of 1,000 hosts, beside their measures
  memory     peak memory and time of elkseal with 10, 50, 100 and 200 stand-in hosts, first run and second; needs no root
  down       removes the lab that --keep has left
  --keep     leaves the lab up for the next bench
`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    hosts: { type: 'string', default: '10' },
    rounds: { type: 'string', default: '5' },
    tools: { type: 'string', default: toolNames.join() },
    rtt: { type: 'string', default: '0' },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
const lab = createLab({ name: 'bench' })
const folder = join(tmpdir(), 'elkseal-bench')
const rounds = Number(values.rounds)
const print = (text: string) => process.stdout.write(`${text}\n`)

const [what = 'workload'] = positionals
if (values.help) print(usage)
else if (what === 'workload') await workload(chosenTools())
else if (what === 'start-up') await startUp()
else if (what === 'memory') await memory()
else if (what === 'down') await lab.down()
else {
  process.stderr.write(usage)
  process.exitCode = 1
}

async function workload(tools: readonly ToolName[]): Promise<void> {
  const roundTrip = Number(values.rtt)
  const gateway = roundTrip > 0 ? '192.0.2.1' : undefined
  const bench = await prepare(tools, gateway)
  const line = gateway === undefined ? undefined : await openLine(bench, gateway)
  const times = new Map<ToolName, Times[]>(tools.map((tool) => [tool, []]))
  try {
    for (let round = 1; round <= rounds; round += 1) {
      for (const tool of tools) {
        const taken = await oneRound(bench, tool)
        times.get(tool)?.push(taken)
        print(`round ${round} ${tool.padEnd(8)} first ${seconds(taken.first)}  second ${seconds(taken.second)}`)
      }
    }
  } finally {
    line?.kill()
    await leave()
  }
  printTable(times, `${bench.hosts.length} hosts, round trip ${roundTrip} ms, medians of ${rounds}`)
}

/** Medians, and the best of all rounds: on a machine that others use too, the best is the steadier figure. */
function printTable(times: ReadonlyMap<ToolName, readonly Times[]>, title: string): void {
  const [base = []] = times.values()
  const cells = (taken: readonly Times[], run: keyof Times) =>
    [median, best].map((pick) => {
      const [own, floor] = [taken, base].map((all) => pick(all.map((one) => one[run])))
      return ` ${own!.toFixed(2)} s (${(own! / floor!).toFixed(2)}×) |`
    })
  print(`\n| ${title} | first run | best | nothing to do | best |\n| --- | --- | --- | --- | --- |`)
  for (const [tool, taken] of times)
    print(`| ${tool} |${[...cells(taken, 'first'), ...cells(taken, 'second')].join('')}`)
}

function best(values: readonly number[]): number {
  return Math.min(...values)
}

async function startUp(): Promise<void> {
  await mkdir(folder, { recursive: true })
  await prepareTools(['elkseal', 'ansible'], folder)
  for (const line of await measureStartUp(folder, rounds)) print(line)
}

async function memory(): Promise<void> {
  await mkdir(folder, { recursive: true })
  await prepareTools(['elkseal'], folder)
  for await (const line of manyHosts(folder, [10, 50, 100, 200])) print(line)
}

/** The lab with the product on its hosts, and a folder with the workload, the inventories and the tools. */
async function prepare(tools: readonly ToolName[], gateway: string | undefined): Promise<Bench> {
  await rm(folder, { recursive: true, force: true })
  await mkdir(join(folder, 'files'), { recursive: true })
  await prepareTools(tools, folder)
  const wanted = Number(values.hosts)
  await bringUp(lab, wanted)
  const hosts = lab.hosts('plain').slice(0, wanted)
  await cp(join(import.meta.dirname, '../test/bench/workload'), folder, { recursive: true })
  for (const { name } of hosts) await writeFile(join(folder, 'files', `${name}.p12`), keystoreOf(name))
  await writeTargets(folder, lab, targetsOf(hosts, gateway))
  return { lab, hosts, folder }
}

async function bringUp(lab: Lab, wanted: number): Promise<void> {
  if (lab.isUp() && lab.hosts('plain').length >= wanted) return
  await ensurePrerequisites()
  await lab.down()
  await lab.up({ ...defaultPlan, nodes: 0, kibana: false, metricbeat: false, plain: Math.max(10, wanted) })
  await Promise.all(lab.hosts('plain').map((host) => installProduct(lab, host)))
}

async function openLine({ hosts }: Bench, gateway: string): Promise<{ kill: () => void }> {
  const lines = hosts.map((host, index) => `${22_001 + index}=${host.address}`)
  const script = join(import.meta.dirname, '../test/bench/line.ts')
  const [command = '', ...words] = inNetwork(lab, [node, script, gateway, values.rtt, ...lines])
  const line = spawn(command, words, { stdio: ['ignore', 'inherit', 'inherit'] })
  await pause(1000)
  return line
}

async function leave(): Promise<void> {
  if (!values.keep) await lab.down()
}

function chosenTools(): readonly ToolName[] {
  return values.tools.split(',').map((name) => {
    const tool = toolNames.find((known) => known === name)
    if (tool === undefined) throw new Error(`The tools are ${toolNames.join()}, not ${name}`)
    return tool
  })
}

function seconds(value: number): string {
  return `${value.toFixed(3).padStart(7)} s`
}
