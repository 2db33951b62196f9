import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { keystoreOf, reset } from './hosts.ts'
import { runWorkload, type Bench } from './rounds.ts'
import { targetsOf, writeTargets } from './targets.ts'

/**
 * Peak memory of the controller, and its time: a first run on the real hosts, then runs with nothing to do with more and
 * more inventory names, shared evenly among these hosts. Names of one host must not act on it at the same time, since
 * each would stop what the other starts.
 */
export async function* manyHosts(bench: Bench, counts: readonly number[]): AsyncGenerator<string> {
  const { lab, hosts, folder } = bench
  await writeTargets(folder, lab, targetsOf(hosts, undefined))
  await Promise.all(hosts.map((host) => reset(lab, host)))
  const first = await runChecked(bench)
  yield `${hosts.length} hosts, first run: ${first.seconds.toFixed(2)} s, ${memoryText(first.peakMemory)}`
  for (const count of counts) {
    const names = Array.from({ length: count }, (_, index) => {
      const host = hosts[index % hosts.length]!
      return { name: `${host.name}-${index}`, host }
    })
    for (const { name, host } of names) await writeFile(join(folder, 'files', `${name}.p12`), keystoreOf(host.name))
    const targets = names.map(({ name, host }) => ({ name, address: host.address, port: 22 }))
    await writeTargets(folder, lab, targets)
    const { seconds, peakMemory } = await runChecked(bench)
    const each = ((seconds / count) * 1000).toFixed(0)
    yield `${count} names, nothing to do: ${seconds.toFixed(2)} s, ${each} ms a name, ${memoryText(peakMemory)}`
  }
}

function memoryText(mebibytes: number): string {
  return `peak memory ${mebibytes.toFixed(0)} MiB`
}

async function runChecked(bench: Bench) {
  const run = await runWorkload(bench, 'elkseal', true)
  if (run.exitCode !== 0) throw new Error(`elkseal ended with ${run.exitCode}:\n${run.output.slice(-3000)}`)
  return run
}
