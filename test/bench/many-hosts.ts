import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { keystoreOf, keystorePassword } from './hosts.ts'
import { measure, type Measured } from './measure.ts'
import { startStandIns, type StandIn } from './stand-ins/stand-ins.ts'
import { node, programOf } from './tools.ts'

/**
 * Peak memory of the controller, and its time, with more and more hosts: a first run, and a second one with nothing to
 * do. The hosts are ssh servers in processes of their own, with real shells. Each is looked at afterwards.
 */
export async function* manyHosts(bench: string, counts: readonly number[]): AsyncGenerator<string> {
  const folder = join(bench, 'stand-ins')
  const program = programOf(bench)
  await mkdir(folder, { recursive: true })
  await cp(join(import.meta.dirname, 'stand-ins/site.yml'), join(folder, 'site.yml'))
  await writeFile(join(folder, 'app.p12'), keystoreOf('stand-in'))
  for (const count of counts) {
    const standIns = await startStandIns(folder, count)
    try {
      for (const which of ['first run', 'nothing to do'] as const) {
        const run = await runOn(program, folder, standIns.hosts)
        const each = ((run.seconds / count) * 1000).toFixed(0)
        const { seconds, peakMemory } = run
        yield `${count} hosts, ${which}: ${seconds.toFixed(2)} s, ${each} ms a host, peak memory ${peakMemory.toFixed(0)} MiB`
      }
    } finally {
      await standIns.end()
    }
  }
}

async function runOn(program: string, folder: string, hosts: readonly StandIn[]): Promise<Measured> {
  const words = [node, program, 'run', join(folder, 'site.yml'), '-i', join(folder, 'hosts.ini')]
  const run = await measure(words, { cwd: folder, env: { HOME: folder }, memory: true })
  if (run.exitCode !== 0) throw new Error(`elkseal ended with ${run.exitCode}:\n${run.output.slice(-3000)}`)
  for (const host of hosts) await check(host)
  return run
}

/** Throws unless the host is as the playbook says; a second run must not have started the service again. */
async function check({ name, home }: StandIn): Promise<void> {
  const text = (path: string) => readFile(join(home, path), 'utf8')
  const yml = `cluster.name: lab\nnode.name: ${name}\npath.data: /data\n`
  const tls = 'xpack.security.http.ssl.enabled: true\nxpack.security.http.ssl.keystore.path: certs/http.p12\n'
  const isAsWanted =
    (await text('app.yml')) === yml + tls &&
    (await text('keystore')) === `${keystorePassword}\n` &&
    (await text('starts')) === 'started\n' &&
    (await readFile(join(home, 'certs/http.p12'))).equals(keystoreOf('stand-in'))
  if (!isAsWanted) throw new Error(`${name} is not as wanted`)
}
