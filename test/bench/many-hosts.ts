import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { keystoreOf, reset } from './hosts.ts'
import { runWorkload, type Bench } from './rounds.ts'
import { writeTargets } from './targets.ts'

/**
 * Peak memory and time of a first run with so many inventory names, shared evenly among the real hosts. Names of one
 * host do the same work on it one after another or at the same time, so what is counted is the controller.
 */
export async function manyHosts(bench: Bench, counts: readonly number[]): Promise<readonly string[]> {
  const { lab, hosts, folder } = bench
  await mkdir(join(folder, 'files'), { recursive: true })
  const lines: string[] = []
  for (const count of counts) {
    const names = Array.from({ length: count }, (_, index) => {
      const host = hosts[index % hosts.length]!
      return { name: `${host.name}-${index}`, host }
    })
    // The same content for all names of one host: they must not undo each other's work.
    for (const { name, host } of names) await writeFile(join(folder, 'files', `${name}.p12`), keystoreOf(host.name))
    const targets = names.map(({ name, host }) => ({ name, address: host.address, port: 22 }))
    await writeTargets(folder, lab, targets)
    await Promise.all(hosts.map((host) => reset(lab, host)))
    await runChecked(bench)
    const second = await runChecked(bench)
    const perHost = (second.seconds / count) * 1000
    lines.push(
      `${String(count).padStart(4)} names: ${second.seconds.toFixed(2)} s, ${perHost.toFixed(0)} ms a name, ` +
        `peak memory ${second.peakMemory.toFixed(0)} MiB`,
    )
  }
  return lines
}

async function runChecked(bench: Bench) {
  const run = await runWorkload(bench, 'elkseal', true)
  if (run.exitCode !== 0) throw new Error(`elkseal ended with ${run.exitCode}:\n${run.output.slice(-3000)}`)
  return run
}
